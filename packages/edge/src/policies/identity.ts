import type { Exchange } from "../exchange.ts";
import type { Identification, IdentityPort } from "../ports.ts";
import { EDGE_PROBLEMS } from "../problem.ts";
import { reject, type Verdict } from "../verdict.ts";
import type { Policy } from "./policy.ts";

const REQUIRED = reject(EDGE_PROBLEMS.unauthenticated);

/** Asks who sends the request. A route whose `identity` is `required` refuses those nobody knows. */
export function identity(port: IdentityPort): Policy {
  return (exchange) => {
    const { matched, facts, client } = exchange;
    if (matched.identity === "none") return null;
    const found = exchange.run(() => port.identify(facts, client));
    return found instanceof Promise
      ? found.then((later) => settle(exchange, later))
      : settle(exchange, found);
  };
}

function settle(exchange: Exchange, found: Identification): Verdict | null {
  switch (found.kind) {
    case "known":
      exchange.identity = found.identity;
      return null;
    case "anonymous":
      return exchange.matched.identity === "required" ? REQUIRED : null;
    case "refused":
      return reject(found.problem, ...(found.headers ?? []));
  }
}
