import type { Edge, EdgeContext, Problem } from "@rempart/edge";
import type { NodeHandler } from "@rempart/edge/node";
import { type Identity, type Subject, subjectOfSession } from "@rempart/identity";
import { hasCode } from "@rempart/kernel";
import type { Refusal } from "../../refusal.ts";
import type { AnswerTo, CallOf } from "../call.ts";
import { bearerOf, type Headers } from "../credentials.ts";
import { problemOf } from "../problems.ts";
import { limited, type ServedCall, serveRoutes } from "../serve-routes.ts";
import type { AdminRoute } from "./route.ts";
import { ADMIN_ROUTES, type AdminRouteName } from "./routes.ts";

export interface AdminApiOptions {
  readonly edge: Edge;
  readonly identity: Identity;
  readonly handlers: AdminHandlers;
  /** Told of somebody known who asked for what they may not do. */
  denied(userId: string, refused: RefusedRequest): void;
}

export interface RefusedRequest {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly address: string;
}

type Declared<Name extends AdminRouteName> = (typeof ADMIN_ROUTES)[Name];

export type AdminHandlers = {
  readonly [Name in AdminRouteName]: (
    call: CallOf<Declared<Name>, Subject>,
  ) => Promise<AnswerTo<Declared<Name>> | Refusal>;
};

/** Names of the limiter's policies: credentials shown from an address, and requests of whoever they are. */
export const ADMIN_POLICY = { credentials: "credentials", user: "user" } as const;

/** The administration API. A browser's cookies count for nothing here: whoever asks shows a token or a key. */
export function createAdminApi({ edge, identity, handlers, denied }: AdminApiOptions): NodeHandler {
  return serveRoutes<AdminRouteName, AdminRoute, Subject>({
    edge,
    routes: ADMIN_ROUTES,
    challenge: 'Bearer realm="rempart"',
    admit: (_route, headers, context) => admit(edge, identity, headers, context),
    handle: (name, call) =>
      invoke(handlers, name, call).catch((error: unknown) => {
        if (hasCode(error, "forbidden")) denied(call.caller.userId, refusedRequest(name, call));
        throw error;
      }),
  });
}

function refusedRequest(name: AdminRouteName, { context }: ServedCall<Subject>): RefusedRequest {
  const { method, path } = ADMIN_ROUTES[name];
  return { id: context.requestId, method, path, address: context.client.text };
}

/** Counted before the credential is looked at, so that whoever guesses is slowed whatever they guess. */
async function admit(
  edge: Edge,
  identity: Identity,
  headers: Headers,
  context: EdgeContext,
): Promise<{ caller: Subject } | Problem> {
  const refused = await limited(edge, context, context.client.key, ADMIN_POLICY.credentials);
  if (refused !== null) return refused;
  const caller = await subjectOf(identity, headers);
  if (caller === null) return problemOf("unauthenticated");
  return (await limited(edge, context, caller.userId, ADMIN_POLICY.user)) ?? { caller };
}

/** A token stands for its session as it is now: a role that was taken away since counts for nothing. */
export async function subjectOf({ tokens, apiKeys }: Identity, headers: Headers): Promise<Subject | null> {
  const bearer = bearerOf(headers);
  if (bearer === null) return null;
  const byKey = await apiKeys.authenticate(bearer);
  if (byKey !== null) return byKey;
  const who = await tokens.authenticate(bearer);
  return who && subjectOfSession(who);
}

/** The table pairs each handler with its own route's call; the pairing is lost on the way through a name. */
function invoke(
  handlers: AdminHandlers,
  name: AdminRouteName,
  call: ServedCall<Subject>,
): Promise<object | null> {
  const handler = handlers[name] as (call: CallOf<AdminRoute, Subject>) => Promise<object | null>;
  return handler(call as CallOf<AdminRoute, Subject>);
}
