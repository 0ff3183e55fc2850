import type { IncomingMessage } from "node:http";
import { getRequestListener, type HttpBindings } from "@hono/node-server";
import { EDGE_PROBLEMS, type Edge, type EdgeContext, type Exchange, type Problem } from "@rempart/edge";
import { contextOf, type NodeHandler } from "@rempart/edge/node";
import type { Identity } from "@rempart/identity";
import { fromUtf8 } from "@rempart/kernel";
import { ROUTES, type Route, type RouteName } from "@rempart/messaging/contract";
import { type Context, Hono } from "hono";
import { isRefusal } from "../refusal.ts";
import type { Call, Handlers } from "./call.ts";
import { authenticate, type Headers } from "./credentials.ts";
import { problemOf, refusalProblem, validationProblem } from "./problems.ts";

export interface ApiOptions {
  edge: Edge;
  identity: Identity;
  handlers: Handlers;
}

type Env = { Bindings: HttpBindings };

/** Names of the limiter's policies, by what a route says counts it. */
export const POLICY = { api: "user", auth: "auth", messages: "messages" } as const;

/** The REST API: every route of the contract, bound to its handler. */
export function createApi(options: ApiOptions): NodeHandler {
  const app = new Hono<Env>();
  for (const name of Object.keys(ROUTES) as RouteName[]) bind(app, options, name);
  app.get("/api/csrf-token", (c) => csrfToken(options.edge, c));
  app.notFound((c) => answerProblem(options.edge, contextFor(c), unmatched(c.req.method, c.req.path)));
  app.onError((error, c) => {
    const context = contextFor(c);
    return answerProblem(options.edge, context, options.edge.failure(context as Exchange, error));
  });
  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  return (request, response) => listener(request, response);
}

function bind(app: Hono<Env>, options: ApiOptions, name: RouteName): void {
  const route: Route = ROUTES[name];
  app.on(route.method, route.path, async (c) => {
    const context = contextFor(c);
    context.route = route.path;
    const answered = await serve(options, name, route, c, context);
    return answered instanceof Response ? answered : answerProblem(options.edge, context, answered);
  });
}

/** The steps every call takes, in order; the first problem is the answer. */
async function serve(
  options: ApiOptions,
  name: RouteName,
  route: Route,
  c: Context<Env>,
  context: EdgeContext,
): Promise<Response | Problem> {
  const headers: Headers = (name) => c.req.header(name);
  const caller = route.access === "session" ? await authenticate(options.identity, headers) : null;
  if (route.access === "session" && caller === null) return problemOf("unauthenticated");
  const key = caller?.account.id ?? context.client.key;
  const decision = await options.edge.limit(context, key, POLICY[route.limit]);
  if (!decision.allowed) {
    c.header("Retry-After", String(decision.resetSeconds));
    return EDGE_PROBLEMS.rateLimited;
  }
  const input = await readInput(route, c);
  if ("status" in input) return input;
  const call = { ...input, caller, context, headers, userAgent: userAgentOf(c), setCookie: cookieSetter(c) };
  const answer = await invoke(options.handlers, name, call);
  if (isRefusal(answer)) return refusalProblem(answer);
  c.header("Cache-Control", "no-store");
  return route.answer === null ? c.body(null, 204) : c.json(answer, route.status as 200 | 201);
}

/** The table pairs each handler with its own route's call; the pairing is lost on the way through a name. */
function invoke(handlers: Handlers, name: RouteName, call: unknown): Promise<object | null> {
  const handler = handlers[name] as (call: Call<RouteName>) => Promise<object | null>;
  return handler(call as Call<RouteName>);
}

interface Input {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
}

async function readInput(route: Route, c: Context<Env>): Promise<Input | Problem> {
  const params = route.params?.safeParse(c.req.param());
  if (params?.success === false) return validationProblem("path", params.error);
  const query = route.query?.safeParse(queryOf(c));
  if (query?.success === false) return validationProblem("query", query.error);
  if (route.body === undefined) return { params: params?.data, query: query?.data, body: undefined };
  const json = await readJson(c);
  if ("status" in json) return json;
  const body = route.body.safeParse(json.value);
  if (!body.success) return validationProblem("body", body.error);
  return { params: params?.data, query: query?.data, body: body.data };
}

/** A name given twice is a list, which no schema of ours takes: nobody guesses which one counts. */
function queryOf(c: Context<Env>): Record<string, string | string[]> {
  const entries = Object.entries(c.req.queries());
  return Object.fromEntries(entries.map(([name, values]) => [name, one(values) ?? values]));
}

function one(values: string[]): string | undefined {
  return values.length === 1 ? values[0] : undefined;
}

const JSON_TYPE = /^application\/json\s*(;|$)/i;

/** The edge has bounded the size. */
async function readJson(c: Context<Env>): Promise<{ value: unknown } | Problem> {
  if (!JSON_TYPE.test(c.req.header("content-type") ?? "")) return problemOf("unsupported-media-type");
  const text = fromUtf8(new Uint8Array(await c.req.arrayBuffer()));
  if (text === null) return problemOf("malformed-body", "the body is not UTF-8");
  try {
    return { value: JSON.parse(text) };
  } catch {
    return problemOf("malformed-body");
  }
}

const MAX_USER_AGENT = 512;

function userAgentOf(c: Context<Env>): string {
  return (c.req.header("user-agent") ?? "").slice(0, MAX_USER_AGENT);
}

function cookieSetter(c: Context<Env>): (line: string) => void {
  return (line) => c.header("Set-Cookie", line, { append: true });
}

async function csrfToken(edge: Edge, c: Context<Env>): Promise<Response> {
  contextFor(c).route = "/api/csrf-token";
  if (edge.csrf === null) return answerProblem(edge, contextFor(c), problemOf("not-found"));
  const { token, setCookie } = await edge.csrf.issue(c.req.header("cookie"));
  c.header("Set-Cookie", setCookie, { append: true });
  c.header("Cache-Control", "no-store");
  return c.json({ token });
}

function contextFor(c: Context<Env>): EdgeContext {
  const context = contextOf(c.env.incoming as IncomingMessage);
  if (context === undefined) throw new TypeError("the API serves behind the edge only");
  return context;
}

function answerProblem(edge: Edge, context: EdgeContext, problem: Problem): Response {
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
      ...(status === 401 ? { "WWW-Authenticate": 'Cookie realm="rempart"' } : {}),
    },
  });
}

interface Pattern {
  readonly matches: RegExp;
  readonly method: string;
}

const PATTERNS: readonly Pattern[] = Object.values(ROUTES).map((route: Route) => ({
  matches: new RegExp(`^${route.path.replaceAll(/:[a-zA-Z]+/g, "[^/]+")}$`),
  method: route.method,
}));

/** 405 where another method is served, 404 where nothing is. */
function unmatched(method: string, path: string): Problem {
  const methods = PATTERNS.filter((pattern) => pattern.matches.test(path)).map((pattern) => pattern.method);
  if (methods.length === 0 || methods.includes(method)) return problemOf("not-found");
  return problemOf("method-not-allowed", undefined, { allow: [...new Set(methods)] });
}
