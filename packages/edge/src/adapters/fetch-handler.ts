import type { Edge } from "../edge.ts";
import type { EdgeContext, Exchange } from "../exchange.ts";
import type { RequestFacts } from "../facts.ts";
import { EDGE_PROBLEMS, type Problem } from "../problem.ts";
import { hardened, toResponse } from "./fetch-answer.ts";
import { countBody } from "./fetch-body.ts";

export type FetchHandler<R extends Request> = (
  request: R,
  context: EdgeContext,
) => Response | Promise<Response>;

/** One request through the edge, where requests and responses are values. `settle` is called once, before the answer leaves. */
export async function serveFetch<R extends Request>(
  edge: Edge,
  facts: RequestFacts,
  request: R,
  handler: FetchHandler<R>,
  settle: (exchange: Exchange, status: number) => void,
): Promise<Response> {
  const admitted = edge.admit(facts);
  const exchange = admitted instanceof Promise ? await admitted : admitted;
  const response =
    exchange.verdict === "pass"
      ? await answerOf(edge, exchange, request, handler)
      : toResponse(edge.answer(exchange));
  settle(exchange, response.status);
  return response;
}

async function answerOf<R extends Request>(
  edge: Edge,
  exchange: Exchange,
  request: R,
  handler: FetchHandler<R>,
): Promise<Response> {
  const problem = (found: Problem): Response => toResponse(edge.problem(exchange, found));
  const counted = countBody(request, exchange.matched.bodyBytes);
  try {
    const response = await handler(counted.request, exchange);
    return counted.passedLimit() ? problem(EDGE_PROBLEMS.bodyTooLarge) : hardened(edge, exchange, response);
  } catch (error) {
    return problem(counted.passedLimit() ? EDGE_PROBLEMS.bodyTooLarge : edge.failure(exchange, error));
  }
}
