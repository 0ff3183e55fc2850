import { AsyncLocalStorage } from "node:async_hooks";

/** On whose behalf something happens: what every log line and every exemplar within it says. */
export interface Scope {
  readonly requestId: string;
  /** 32 hexadecimal digits (W3C Trace Context, 3.2.2.3); absent where the request is not traced. */
  readonly traceId?: string;
}

const scopes = new AsyncLocalStorage<Scope>();

/** Undefined outside of any request. */
export function currentScope(): Scope | undefined {
  return scopes.getStore();
}

/** For exemplars: the trace that the present request belongs to, where it is recorded. */
export function currentTraceId(): string | undefined {
  return scopes.getStore()?.traceId;
}

/** Runs `work` so that it, and all it starts, belongs to `scope`. */
export function within<T>(scope: Scope, work: () => T): T {
  return scopes.run(scope, work);
}
