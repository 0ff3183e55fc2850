import { fromBase64Url, isUuid } from "@rempart/kernel";
import { z } from "zod";
import { LIMITS } from "./limits.ts";

/** Lower-case canonical UUID. */
export const uuid = z.string().refine(isUuid, "must be a lower-case UUID").meta({ format: "uuid" });

/** Unix time in milliseconds, set by the server. */
export const timestamp = z.int().min(0).meta({ description: "Unix time in milliseconds" });

/** Position in a conversation, from 1, without gaps. 0 means "before the first". */
export const seq = z.int().min(0).max(Number.MAX_SAFE_INTEGER);

/** MLS epoch (RFC 9420, section 7). */
export const epoch = z.int().min(0).max(Number.MAX_SAFE_INTEGER);

/** Canonical base64url without padding, of at most `maxBytes` decoded bytes. */
export function base64url(maxBytes: number, minBytes = 1) {
  return z
    .string()
    .min(Math.ceil((minBytes * 4) / 3))
    .max(Math.ceil((maxBytes * 4) / 3))
    .refine((text) => fromBase64Url(text) !== null, "must be canonical base64url without padding")
    .meta({ contentEncoding: "base64url" });
}

/** Shown text: trimmed, not empty, no control characters. */
export function shownText(maxCharacters: number) {
  return z
    .string()
    .trim()
    .min(1)
    .max(maxCharacters)
    .refine((text) => !/\p{Cc}/u.test(text), "must not contain control characters");
}

/**
 * The two cipher suites in use: `x25519` is number 1 of the MLS registry,
 * MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519; `x-wing` (post-quantum) is MLS_256_XWING_AES256GCM_SHA512_Ed25519, for
 * which the registry has no number yet.
 */
export const suite = z.enum(["x-wing", "x25519"]);
export type Suite = z.infer<typeof suite>;

export const role = z.enum(["owner", "admin", "member"]);
export type Role = z.infer<typeof role>;

export const name = shownText(LIMITS.nameCharacters);
