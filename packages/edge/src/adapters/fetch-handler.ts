import type { Edge } from "../edge.ts";
import type { EdgeContext, Exchange } from "../exchange.ts";
import type { RequestFacts } from "../facts.ts";
import { EDGE_PROBLEMS, type Problem } from "../problem.ts";
import { hardened, toResponse } from "./fetch-answer.ts";
import { countBody, readBody } from "./fetch-body.ts";
import { recorded } from "./fetch-recorded.ts";

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
  const problem = async (found: Problem): Promise<Response> => {
    const answer = edge.problem(exchange, found);
    await edge.conclude(exchange, answer.status, answer.headers, answer.body);
    return toResponse(answer);
  };
  const counted = countBody(request, exchange.matched.bodyBytes);
  try {
    const admitted = exchange.needsBody ? await readBody(edge, exchange, counted.request) : counted.request;
    if (exchange.verdict !== "pass") return toResponse(edge.answer(exchange));
    const response = await handler(admitted, exchange);
    if (counted.passedLimit()) return await problem(EDGE_PROBLEMS.bodyTooLarge);
    return hardened(edge, exchange, await recorded(edge, exchange, response));
  } catch (error) {
    return await problem(counted.passedLimit() ? EDGE_PROBLEMS.bodyTooLarge : edge.failure(exchange, error));
  }
}
