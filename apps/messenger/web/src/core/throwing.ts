import type { Result } from "../client/api.ts";

/** A command of the client as work that throws: the core turns what it throws into a `Result`. */
export type Throwing<F> = F extends (...args: infer A) => Promise<Result<infer T>>
  ? (...args: A) => Promise<T>
  : F extends (...args: infer A) => void
    ? (...args: A) => void
    : never;
