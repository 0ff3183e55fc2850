import type { Exchange } from "../exchange.ts";
import { PROBLEM_MEDIA_TYPE, type Problem, problemBody } from "../problem.ts";
import type { FlatHeaders, Verdict } from "../verdict.ts";

/** A whole response, ready to be written. `Content-Length` is left to the adapter, which encodes the body. */
export interface EdgeAnswer {
  readonly status: number;
  readonly headers: FlatHeaders;
  readonly body: string;
  /** How many entries of `headers`, from the first, every response is owed; the rest is this answer's own. */
  readonly owed: number;
}

type WriteHeaders = (exchange: Exchange) => FlatHeaders;

/** What the edge answers to a verdict other than `pass`. */
export function verdictAnswer(exchange: Exchange, verdict: Verdict, write: WriteHeaders): EdgeAnswer {
  switch (verdict.kind) {
    case "pass":
      throw new TypeError("a request that passed is answered by its handler");
    case "reject": {
      const answer = problemAnswer(exchange, verdict.problem, write);
      answer.headers.push(...verdict.headers);
      return answer;
    }
    case "redirect":
      return ownAnswer(verdict.status, write(exchange), ["Location", verdict.location], "");
    case "answer":
      return ownAnswer(verdict.status, write(exchange), verdict.headers, verdict.body);
  }
}

function ownAnswer(status: number, headers: FlatHeaders, own: readonly string[], body: string): EdgeAnswer {
  const owed = headers.length;
  headers.push(...own);
  return { status, headers, body, owed };
}

/** Statuses whose answers have no body, nor a length of one (RFC 9110, 15). */
export function isBodiless(status: number): boolean {
  return status === 204 || status === 205 || status === 304;
}

export function problemAnswer(exchange: Exchange, problem: Problem, write: WriteHeaders): EdgeAnswer {
  exchange.code = problem.code;
  const headers = write(exchange);
  const owed = headers.length;
  headers.push("Content-Type", PROBLEM_MEDIA_TYPE, "Cache-Control", "no-store");
  return { status: problem.status, headers, body: problemBody(problem, exchange.requestId), owed };
}
