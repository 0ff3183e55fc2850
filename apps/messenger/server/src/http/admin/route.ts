import type { ProblemCode } from "@rempart/messaging/contract";
import type { z } from "zod";

/**
 * The administration API, declared once as the messenger's own: the server binds a handler to each route, and its
 * description is generated from the table. Who may call what is decided by identity, act by act.
 */
export interface AdminRoute {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** `:name` marks a parameter. */
  readonly path: `/admin/${string}` | `/api/admin/${string}`;
  readonly summary: string;
  readonly tag: "users" | "security" | "monitoring";
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodObject;
  /** Null: the answer is 204 without a body. `events`: it is a stream of them, until either side ends it. */
  readonly answer: z.ZodObject | "events" | null;
  readonly status: 200 | 204;
  /** Beyond those every route can give. */
  readonly problems: readonly ProblemCode[];
}

export function route<const R extends AdminRoute>(declared: R): R {
  return declared;
}
