import {
  type Dependency,
  type DependencyPorts,
  dependency,
  RuntimeError,
  type Secret,
} from "@rempart/runtime";
import { KeysError } from "../errors.ts";

export interface RemoteStoreOptions extends DependencyPorts {
  /** Milliseconds for one read, repeats included; 5,000 unless told. */
  readonly budgetMs?: number;
}

const BUDGET_MS = 5_000;
const ATTEMPT_MS = 2_000;

/** A secret store over the network; the cache in front of it decides what an outage means for the caller. */
export function remoteStore(
  name: string,
  { budgetMs = BUDGET_MS, ...ports }: RemoteStoreOptions,
): Dependency {
  return dependency(
    {
      name,
      budgetMs,
      attemptMs: Math.min(ATTEMPT_MS, budgetMs),
      onFailure: { mode: "fail" },
      retry: { attempts: 3, initialDelayMs: 100, maxDelayMs: 1_000 },
      breaker: { failures: 5, halfOpenAfterMs: 10_000 },
      isFailure: (error) => !(error instanceof KeysError),
    },
    ports,
  );
}

/** A `KeysError` thrown by `work` is the store's answer and passes; anything else means that it gave none. */
export async function askStore(
  store: Dependency,
  name: string,
  work: (signal: AbortSignal) => Promise<Secret>,
): Promise<Secret> {
  try {
    return await store.call(work);
  } catch (error) {
    if (!(error instanceof RuntimeError)) throw error;
    const message = `${store.declaration.name} did not give secret ${name}`;
    throw new KeysError("secret-unavailable", message, { cause: error });
  }
}
