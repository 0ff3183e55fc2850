/**
 * The log of device keys, for whoever does not believe the server: what it says of an account, with proofs that it stands in
 * the published audit log, and that this log only grew. `@rempart/audit/verify` checks them.
 */
import { z } from "zod";
import { LIMITS } from "./limits.ts";
import { base64url, uuid } from "./primitives.ts";
import { type Route, route } from "./route.ts";

const MAX_LEAF_BYTES = 65_535;
const MAX_PROOF_HASHES = 128;

const size = z.int().min(0).max(Number.MAX_SAFE_INTEGER);
const proof = z.array(base64url(32, 32)).max(MAX_PROOF_HASHES);

/** The published head, and that it follows from the one that was seen. */
const publishedHead = z.strictObject({
  /** Verifier keys of the log (C2SP signed-note), the newest first. For who has none yet: afterwards the own ones count. */
  keys: z.array(z.string().max(500)).max(100),
  /** A signed checkpoint (C2SP tlog-checkpoint), with whatever cosignatures there are. */
  checkpoint: z.string().max(65_536),
  /** RFC 6962, section 2.1.2. Empty when nothing was seen, or nothing came after it. */
  consistency: proof,
});

/** A device was added or revoked: one entry of the audit log, and all that is needed to check what it commits to. */
export const keyLogEvent = z.strictObject({
  /** From 1 on, without a hole. */
  number: z.int().min(1),
  leaf: base64url(MAX_LEAF_BYTES),
  body: z.string().max(MAX_LEAF_BYTES),
  salt: base64url(16, 16),
  /** Encrypted under a key of the server's: part of what the leaf commits to. */
  personal: base64url(MAX_LEAF_BYTES).nullable(),
  /** Null: the log has not integrated it yet, which takes about a second. */
  place: z.strictObject({ index: size, proof }).nullable(),
});
export type KeyLogEvent = z.infer<typeof keyLogEvent>;

export const keyLogAnswer = z.strictObject({
  head: publishedHead,
  /** In order, `LIMITS.keyLogPage` at most. */
  events: z.array(keyLogEvent).max(LIMITS.keyLogPage),
  /** Further events follow these. */
  more: z.boolean(),
});
export type KeyLogAnswer = z.infer<typeof keyLogAnswer>;

/** How many entries the head had that the asker saw last; 0 for none. */
const seen = z.coerce.number().pipe(size).optional();
const keyLogQuery = z.strictObject({ seen, after: z.coerce.number().pipe(size).optional() });

const READ = { tag: "devices", method: "GET", limit: "api", status: 200 } as const satisfies Partial<Route>;

export const TRANSPARENCY_ROUTES = {
  auditHead: route({
    ...READ,
    path: "/api/v1/audit/checkpoint",
    summary: "The published head of the audit log, with proof that it follows from an earlier one",
    access: "public",
    query: z.strictObject({ seen }),
    answer: publishedHead,
    problems: ["unavailable"],
  }),
  ownKeyLog: route({
    ...READ,
    path: "/api/v1/account/key-log",
    summary: "What the audit log says of one's own devices, provably",
    access: "session",
    query: keyLogQuery,
    answer: keyLogAnswer,
    problems: ["unavailable"],
  }),
  keyLog: route({
    ...READ,
    path: "/api/v1/users/:userId/key-log",
    summary: "What the audit log says of the devices of somebody one shares a conversation with, provably",
    access: "session",
    params: z.strictObject({ userId: uuid }),
    query: keyLogQuery,
    answer: keyLogAnswer,
    problems: ["unknown-user", "unavailable"],
  }),
} as const;
