import type { ProblemCode } from "@rempart/messaging/contract";

/** Saying no is an answer, not a failure: a value that carries the problem's code and what the client may be told. */
export class Refusal {
  readonly code: ProblemCode;
  readonly detail: string | undefined;
  /** Extension members of the problem document (RFC 9457, section 3.2). */
  readonly extensions: Readonly<Record<string, unknown>>;

  constructor(code: ProblemCode, detail?: string, extensions: Readonly<Record<string, unknown>> = {}) {
    this.code = code;
    this.detail = detail;
    this.extensions = extensions;
  }
}

export function refuse(
  code: ProblemCode,
  detail?: string,
  extensions?: Readonly<Record<string, unknown>>,
): Refusal {
  return new Refusal(code, detail, extensions);
}

export function isRefusal(value: unknown): value is Refusal {
  return value instanceof Refusal;
}
