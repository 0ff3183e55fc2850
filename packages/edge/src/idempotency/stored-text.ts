import type { StoredAnswer } from "./store.ts";

/** An answer as stores keep it; null is an answer that was not kept. */
export function toText(answer: StoredAnswer | null): string {
  return answer === null ? "null" : JSON.stringify([answer.status, answer.headers, answer.body]);
}

/** Throws for what is none: whoever wrote it, nobody may be told that it was the answer. */
export function fromText(text: string): StoredAnswer | null {
  const value: unknown = JSON.parse(text);
  if (value === null) return null;
  const [status, headers, body] = Array.isArray(value) ? value : [];
  const isStatus = Number.isInteger(status) && status >= 200 && status < 500;
  const isList = Array.isArray(headers) && headers.length % 2 === 0 && headers.every(isHeaderText);
  if (!isStatus || !isList || typeof body !== "string") throw new TypeError("this is no stored answer");
  return { status, headers, body };
}

/** Neither a line break nor a NUL: a store must not be a way to write headers. */
function isHeaderText(value: unknown): boolean {
  return typeof value === "string" && !/[\r\n\0]/.test(value);
}
