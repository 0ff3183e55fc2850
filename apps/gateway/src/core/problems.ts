import { EDGE_PROBLEMS, type Problem } from "@rempart/edge";
import { GatewayError } from "../errors.ts";

/** What a client is told when there is no answer of the upstream's to pass on. The cause stays in the log. */
const GATEWAY_PROBLEMS = {
  badGateway: { status: 502, code: "bad-gateway", title: "The service behind gave no usable answer" },
  gatewayTimeout: {
    status: 504,
    code: "gateway-timeout",
    title: "The service behind did not answer in time",
  },
} as const satisfies Record<string, Problem>;

/** The translation for `createEdge({ toProblem })`; null for what is not the gateway's. */
export function gatewayProblem(error: unknown): Problem | null {
  if (!(error instanceof GatewayError)) return null;
  switch (error.code) {
    case "refused-request":
      return EDGE_PROBLEMS.badRequest;
    case "no-route":
      return EDGE_PROBLEMS.notFound;
    case "upstream-unavailable":
      return EDGE_PROBLEMS.unavailable;
    case "upstream-unreachable":
    case "upstream-protocol":
      return GATEWAY_PROBLEMS.badGateway;
    case "upstream-timeout":
      return error.details.phase === "client"
        ? EDGE_PROBLEMS.requestTimeout
        : GATEWAY_PROBLEMS.gatewayTimeout;
    case "upstream-refused-upgrade":
      return refusedUpgrade(error.details.status);
    default:
      return null;
  }
}

/** The upstream's own refusal (401, 403, 426, 429, …) keeps its status; anything that is no refusal is a bad answer. */
function refusedUpgrade(status: unknown): Problem {
  if (typeof status !== "number" || status < 400 || status > 599) return GATEWAY_PROBLEMS.badGateway;
  return { status, code: "upstream-refused-upgrade", title: "The service behind refused the WebSocket" };
}
