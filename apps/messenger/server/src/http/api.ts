import type { CsrfIssuer, Edge, EdgeContext, Problem } from "@rempart/edge";
import type { NodeHandler } from "@rempart/edge/node";
import type { Authenticated, Identity } from "@rempart/identity";
import { ROUTES, type Route, type RouteName } from "@rempart/messaging/contract";
import type { Context, Hono } from "hono";
import type { Call, Handlers } from "./call.ts";
import { authenticate, type Headers } from "./credentials.ts";
import type { Env } from "./input.ts";
import { problemOf } from "./problems.ts";
import { contextFor, limited, type ServedCall, serveRoutes } from "./serve-routes.ts";

export interface ApiOptions {
  edge: Edge;
  identity: Identity;
  handlers: Handlers;
  /** Told of a user whose request was one too many for the policy. */
  limited(userId: string, policy: string): void;
}

/** Names of the limiter's policies, by what a route says counts it. */
export const POLICY = { api: "user", auth: "auth", messages: "messages" } as const;

/** The REST API: every route of the contract, bound to its handler. */
export function createApi(options: ApiOptions): NodeHandler {
  const { edge, handlers } = options;
  return serveRoutes<RouteName, Route, Authenticated | null>({
    edge,
    routes: ROUTES,
    challenge: 'Cookie realm="rempart"',
    admit: (route, headers, context) => admit(options, route, headers, context),
    handle: (name, call) => invoke(handlers, name, call),
    more: (app: Hono<Env>) => {
      const { csrf } = edge;
      if (csrf !== null) app.get("/api/csrf-token", (c) => csrfToken(csrf, c));
    },
  });
}

async function admit(
  { edge, identity, limited: tell }: ApiOptions,
  route: Route,
  headers: Headers,
  context: EdgeContext,
): Promise<{ caller: Authenticated | null } | Problem> {
  const caller = route.access === "session" ? await authenticate(identity, headers) : null;
  if (route.access === "session" && caller === null) return problemOf("unauthenticated");
  const policy = POLICY[route.limit];
  const refused = await limited(edge, context, caller?.account.id ?? context.client.key, policy);
  if (refused !== null && caller !== null) tell(caller.account.id, policy);
  return refused ?? { caller };
}

/** The table pairs each handler with its own route's call; the pairing is lost on the way through a name. */
function invoke(handlers: Handlers, name: RouteName, call: ServedCall<unknown>): Promise<object | null> {
  const handler = handlers[name] as (call: Call<RouteName>) => Promise<object | null>;
  return handler(call as Call<RouteName>);
}

async function csrfToken(csrf: CsrfIssuer, c: Context<Env>): Promise<Response> {
  contextFor(c).route = "/api/csrf-token";
  const { token, setCookie } = await csrf.issue(c.req.header("cookie"));
  c.header("Set-Cookie", setCookie, { append: true });
  c.header("Cache-Control", "no-store");
  return c.json({ token });
}
