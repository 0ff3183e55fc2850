import type { Edge } from "../edge.ts";
import type { EdgeContext, Exchange } from "../exchange.ts";
import type { RequestFacts } from "../facts.ts";
import { EDGE_PROBLEMS, type Problem } from "../problem.ts";
import { hardened, toResponse } from "./fetch-answer.ts";
import { type BodyOptions, countBody, isReadFirst, readBody } from "./fetch-body.ts";
import { recorded } from "./fetch-recorded.ts";

export type FetchHandler<R extends Request> = (
  request: R,
  context: EdgeContext,
) => Response | Promise<Response>;

/** Who answers what the edge lets through. */
export interface Serving<R extends Request> extends BodyOptions {
  readonly handler: FetchHandler<R>;
  /** Called once, before the answer leaves. */
  readonly settle: (exchange: Exchange, status: number) => void;
}

/** One request through the edge, where requests and responses are values. */
export async function serveFetch<R extends Request>(
  edge: Edge,
  facts: RequestFacts,
  request: R,
  serving: Serving<R>,
): Promise<Response> {
  const admitted = edge.admit(facts);
  const exchange = admitted instanceof Promise ? await admitted : admitted;
  const response =
    exchange.verdict === "pass"
      ? await answerOf(edge, exchange, request, serving)
      : toResponse(edge.answer(exchange));
  serving.settle(exchange, response.status);
  return response;
}

async function answerOf<R extends Request>(
  edge: Edge,
  exchange: Exchange,
  request: R,
  serving: Serving<R>,
): Promise<Response> {
  const problem = async (found: Problem): Promise<Response> => {
    const answer = edge.problem(exchange, found);
    await edge.conclude(exchange, answer.status, answer.headers, answer.body);
    return toResponse(answer);
  };
  const counted = countBody(request, exchange.matched.bodyBytes);
  try {
    const isRead = isReadFirst(exchange, request, serving);
    const admitted = isRead ? await readBody(edge, exchange, counted.request) : counted.request;
    if (exchange.verdict !== "pass") return toResponse(edge.answer(exchange));
    const response = await exchange.run(() => serving.handler(admitted, exchange));
    if (counted.passedLimit()) return await problem(EDGE_PROBLEMS.bodyTooLarge);
    return hardened(edge, exchange, await recorded(edge, exchange, response));
  } catch (error) {
    return await problem(counted.passedLimit() ? EDGE_PROBLEMS.bodyTooLarge : edge.failure(exchange, error));
  }
}
