import type { IncomingMessage } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { EDGE_PROBLEMS, type Edge, type EdgeContext, type Exchange, type Problem } from "@rempart/edge";
import { contextOf, type NodeHandler } from "@rempart/edge/node";
import { type Context, Hono } from "hono";
import type { z } from "zod";
import { isRefusal, type Refusal } from "../refusal.ts";
import type { Headers } from "./credentials.ts";
import { type Env, type Input, type InputSchemas, readInput, userAgentOf } from "./input.ts";
import { problemOf, refusalProblem } from "./problems.ts";

/** What serving needs of a declared route. */
export interface ServedRoute extends InputSchemas {
  readonly method: string;
  /** `:name` marks a parameter. */
  readonly path: string;
  /** `events`: the handler answers with a whole response of its own. */
  readonly answer: z.ZodType | "events" | null;
  readonly status: 200 | 201 | 204;
}

/** A validated request. */
export interface ServedCall<Caller> extends Input {
  readonly caller: Caller;
  readonly context: EdgeContext;
  readonly userAgent: string;
  readonly headers: Headers;
  /** Adds a `Set-Cookie` line to the answer. */
  setCookie(line: string): void;
}

export interface Serving<Name extends string, Route extends ServedRoute, Caller> {
  readonly edge: Edge;
  readonly routes: Readonly<Record<Name, Route>>;
  /** What an answer 401 asks for (RFC 9110, section 11.6.1). */
  readonly challenge: string;
  /** Who asks, if they may ask now; otherwise the answer. */
  admit(route: Route, headers: Headers, context: EdgeContext): Promise<{ caller: Caller } | Problem>;
  handle(name: Name, call: ServedCall<Caller>): Promise<object | null | Refusal>;
  /** What is served beside the table. */
  readonly more?: (app: Hono<Env>) => void;
}

/** Serves a table of declared routes: who asks, what they bring, the handler's answer, and a problem for everything else. */
export function serveRoutes<Name extends string, Route extends ServedRoute, Caller>(
  serving: Serving<Name, Route, Caller>,
): NodeHandler {
  const app = new Hono<Env>();
  const { edge, routes, challenge } = serving;
  const refuse = (c: Context<Env>, problem: Problem): Response =>
    answerProblem(edge, contextFor(c), problem, challenge);
  for (const name of Object.keys(routes) as Name[]) {
    const { method, path } = routes[name];
    app.on(method, path, async (c) => {
      const answered = await serve(serving, name, c);
      return answered instanceof Response ? answered : refuse(c, answered);
    });
  }
  serving.more?.(app);
  const unmatched = unmatchedBy(Object.values<Route>(routes));
  app.notFound((c) => refuse(c, unmatched(c.req.method, c.req.path)));
  app.onError((error, c) => refuse(c, edge.failure(contextFor(c) as Exchange, error)));
  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  return (request, response) => listener(request, response);
}

/** The steps every call takes, in order; the first problem is the answer. */
async function serve<Name extends string, Route extends ServedRoute, Caller>(
  { routes, admit, handle }: Serving<Name, Route, Caller>,
  name: Name,
  c: Context<Env>,
): Promise<Response | Problem> {
  const route = routes[name];
  const context = contextFor(c);
  context.route = route.path;
  const headers: Headers = (name) => c.req.header(name);
  const admitted = await admit(route, headers, context);
  if ("status" in admitted) return admitted;
  const input = await readInput(route, c);
  if ("status" in input) return input;
  const setCookie = (line: string): void => c.header("Set-Cookie", line, { append: true });
  const { caller } = admitted;
  const answer = await handle(name, {
    ...input,
    caller,
    context,
    headers,
    setCookie,
    userAgent: userAgentOf(c),
  });
  if (isRefusal(answer)) return refusalProblem(answer);
  if (answer instanceof Response) return answer;
  c.header("Cache-Control", "no-store");
  return route.answer === null ? c.body(null, 204) : c.json(answer, route.status as 200 | 201);
}

/** Counts the call; the problem to answer with when it is one too many. The edge itself says when to come back. */
export async function limited(
  edge: Edge,
  context: EdgeContext,
  key: string,
  policy: string,
): Promise<Problem | null> {
  const { allowed } = await edge.limit(context, key, policy);
  return allowed ? null : EDGE_PROBLEMS.rateLimited;
}

export function contextFor(c: Context<Env>): EdgeContext {
  const context = contextOf(c.env.incoming as IncomingMessage);
  if (context === undefined) throw new TypeError("the API serves behind the edge only");
  return context;
}

function answerProblem(edge: Edge, context: EdgeContext, problem: Problem, challenge: string): Response {
  const { status, body } = edge.problem(context as Exchange, problem);
  const retry = problem.members?.retryAfterSeconds;
  const allow = problem.members?.allow;
  return new Response(body, {
    status,
    headers: {
      "Content-Type": "application/problem+json",
      "Cache-Control": "no-store",
      ...(typeof retry === "number" ? { "Retry-After": String(retry) } : {}),
      ...(Array.isArray(allow) ? { Allow: allow.join(", ") } : {}),
      ...(status === 401 ? { "WWW-Authenticate": challenge } : {}),
    },
  });
}

/** 405 where another method is served, 404 where nothing is. */
function unmatchedBy(routes: readonly ServedRoute[]): (method: string, path: string) => Problem {
  const patterns = routes.map(({ method, path }) => ({
    method,
    matches: new RegExp(`^${path.replaceAll(/:[a-zA-Z]+/g, "[^/]+")}$`),
  }));
  return (method, path) => {
    const methods = patterns.filter(({ matches }) => matches.test(path)).map((pattern) => pattern.method);
    if (methods.length === 0 || methods.includes(method)) return problemOf("not-found");
    return problemOf("method-not-allowed", undefined, { allow: [...new Set(methods)] });
  };
}
