import { CodedError } from "@rempart/kernel";
import { MessagingError, type MessagingErrorCode } from "../errors.ts";
import type { CredentialCheck } from "./policy.ts";

/**
 * The one place where the library's failures become ours. What it throws on hostile input is of any class (its own,
 * `RangeError`, `DOMException`), so everything that is not already coded becomes `fallback`, the meaning a failure has in
 * the operation at hand. Check the programmer's arguments before, outside.
 */
export async function guard<T>(
  fallback: MessagingErrorCode,
  check: CredentialCheck | null,
  operation: () => Promise<T>,
): Promise<T> {
  try {
    return await operation();
  } catch (cause) {
    check?.rethrow(cause);
    if (cause instanceof CodedError) throw cause;
    const isVerification = cause instanceof Error && cause.name === "CryptoVerificationError";
    const code = isVerification ? "tampered" : fallback;
    throw new MessagingError(code, MESSAGES[code] ?? "The operation failed", { cause });
  }
}

const MESSAGES: Partial<Record<MessagingErrorCode, string>> = {
  malformed: "Not a well-formed MLS message",
  "not-decryptable": "The keys of this device do not open it",
  "invalid-change": "The change cannot be made to this group",
  tampered: "A signature, a tag or a hash does not verify",
};
