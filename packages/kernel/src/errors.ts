/**
 * The one shape of error every package throws: a closed union of codes, an optional cause, and details that are safe to
 * show. A package derives its own class and fixes `Code`, so a `switch` over `code` is exhaustive.
 *
 * Misuse by the programmer is a `TypeError`, never a `CodedError`; a policy's refusal is a value, never an exception.
 */
export class CodedError<Code extends string = string> extends Error {
  readonly code: Code;
  /** Safe to show to the caller: no secret, no stack, no SQL. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: Code, message: string, options: CodedErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.details = options.details ?? {};
  }
}

export interface CodedErrorOptions {
  cause?: unknown;
  details?: Readonly<Record<string, unknown>>;
}

/** True when `error` carries exactly this code, whichever package threw it. */
export function hasCode<Code extends string>(error: unknown, code: Code): error is CodedError<Code> {
  return error instanceof CodedError && error.code === code;
}

/** Every link of the `cause` chain, outermost first, at most `limit` long (a cyclic chain ends there). */
export function causes(error: unknown, limit = 8): unknown[] {
  const chain: unknown[] = [];
  let current = error;
  while (current !== undefined && current !== null && chain.length < limit) {
    chain.push(current);
    current = current instanceof Error ? current.cause : undefined;
  }
  return chain;
}

/** One line for a log or a terminal: the messages of the chain, outermost first. */
export function explain(error: unknown): string {
  return causes(error)
    .map((link) => (link instanceof Error ? link.message : String(link)))
    .filter((message) => message.length > 0)
    .join(": ");
}
