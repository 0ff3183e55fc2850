import type { Exchange } from "../exchange.ts";
import { PASS, type Verdict } from "../verdict.ts";

/** Null lets the request on to the next policy. Only a policy that asks something remote answers with a promise. */
export type Policy = (exchange: Exchange) => Verdict | null | Promise<Verdict | null>;

/** A policy that must see the whole body. */
export type BodyPolicy = (exchange: Exchange, body: Uint8Array) => Verdict | null | Promise<Verdict | null>;

/** One function that runs policies in order up to the first verdict, and stays synchronous while they do. */
export function compilePolicies(
  policies: readonly Policy[],
): (exchange: Exchange) => Verdict | Promise<Verdict> {
  const count = policies.length;
  const runFrom = (exchange: Exchange, first: number): Verdict | Promise<Verdict> => {
    for (let i = first; i < count; i += 1) {
      const verdict = (policies[i] as Policy)(exchange);
      if (verdict === null) continue;
      if (!(verdict instanceof Promise)) return verdict;
      return verdict.then((later) => later ?? runFrom(exchange, i + 1));
    }
    return PASS;
  };
  return (exchange) => runFrom(exchange, 0);
}
