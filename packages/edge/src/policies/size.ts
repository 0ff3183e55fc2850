import { EDGE_PROBLEMS } from "../problem.ts";
import { reject } from "../verdict.ts";
import type { Policy } from "./policy.ts";

/** Sizes in bytes, times in milliseconds. */
export interface Limits {
  readonly targetBytes: number;
  /** All header lines together; enforced by the platform's parser, which the node adapter configures. */
  readonly headerBytes: number;
  readonly headerCount: number;
  readonly bodyBytes: number;
  /** From the first byte of a request to the end of its headers. */
  readonly headersTimeoutMs: number;
  /** From the first byte of a request to the end of its body. */
  readonly requestTimeoutMs: number;
  /** How long an idle connection is kept. */
  readonly keepAliveTimeoutMs: number;
}

export const DEFAULT_LIMITS: Limits = {
  targetBytes: 8192,
  headerBytes: 16_384,
  headerCount: 100,
  bodyBytes: 1_048_576,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  keepAliveTimeoutMs: 10_000,
};

const TARGET_TOO_LONG = reject(EDGE_PROBLEMS.targetTooLong, "Connection", "close");
const HEADERS_TOO_LARGE = reject(EDGE_PROBLEMS.headersTooLarge, "Connection", "close");
const BODY_TOO_LARGE = reject(EDGE_PROBLEMS.bodyTooLarge, "Connection", "close");
const BAD_LENGTH = reject(EDGE_PROBLEMS.badRequest, "Connection", "close");
const MAX_LENGTH_DIGITS = 15;

/** What can be refused before the body arrives. A body without a declared length is counted while it streams. */
export function sizes(limits: Limits): Policy {
  return (exchange) => {
    const { facts } = exchange;
    if (facts.target.length > limits.targetBytes) return TARGET_TOO_LONG;
    if (facts.headerCount > limits.headerCount) return HEADERS_TOO_LARGE;
    const declared = facts.header("content-length");
    if (declared === undefined) return null;
    const length = parseLength(declared);
    if (length < 0) return BAD_LENGTH;
    return length > exchange.matched.bodyBytes ? BODY_TOO_LARGE : null;
  };
}

/** Digits only (RFC 9110, 8.6), or -1. */
export function parseLength(text: string): number {
  if (text.length === 0 || text.length > MAX_LENGTH_DIGITS) return -1;
  let value = 0;
  for (let i = 0; i < text.length; i += 1) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}
