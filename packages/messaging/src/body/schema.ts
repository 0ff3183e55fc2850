import { fromBase64Url, isUuid } from "@rempart/kernel";
import { z } from "zod";
import { LIMITS } from "../contract/index.ts";

/** Line breaks and tabs belong to a text; any other control character, or half of a surrogate pair, does not. */
const FORBIDDEN = /[^\P{Cc}\n\t]/u;

const text = z
  .string()
  .min(1)
  .max(LIMITS.textCharacters)
  .refine(
    (value) => value.isWellFormed() && !FORBIDDEN.test(value),
    "must be well-formed, without control characters",
  );

const title = z
  .string()
  .trim()
  .min(1)
  .max(LIMITS.titleCharacters)
  .refine(
    (value) => value.isWellFormed() && !/\p{Cc}/u.test(value),
    "must be well-formed, without control characters",
  );

/** What a message says. A later kind joins this union; older clients answer `unsupported` for it. */
export const content = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("text"), text }),
  /** The group's name: end-to-end encrypted, so the server knows none. */
  z.strictObject({ type: z.literal("title"), title }),
]);
export type Content = z.infer<typeof content>;

export const KNOWN_CONTENT_TYPES: ReadonlySet<string> = new Set<Content["type"]>(["text", "title"]);

const id = z.string().refine(isUuid, "must be a UUID");

export const BODY_VERSION = 1;
export const SALT_BYTES = 32;

/** What every version of a body has: enough to check the tag, and to see whether the rest can be understood. */
export const outline = z.looseObject({
  v: z.int().min(1),
  salt: z.string().refine((value) => fromBase64Url(value)?.length === SALT_BYTES, "must be 32 bytes"),
  content: z.looseObject({ type: z.string().max(40) }),
});

export const body = z.strictObject({
  v: z.literal(BODY_VERSION),
  id,
  conversationId: id,
  senderId: id,
  deviceId: id,
  /** Unix milliseconds, the sender's claim. */
  sentAt: z.int().min(0),
  salt: z.string(),
  content,
});
export type EncodedBody = z.infer<typeof body>;

/** A message as its sender writes it. */
export type MessageBody = Omit<EncodedBody, "v" | "salt">;
