import type { z } from "zod";
import type { ProblemCode } from "./problems.ts";

export interface Route {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** `:name` marks a parameter, as in `/api/v1/devices/:deviceId`. */
  readonly path: `/api/${string}`;
  readonly summary: string;
  readonly tag: "auth" | "users" | "devices" | "conversations" | "messages";
  readonly access: "public" | "session";
  /** Which rate limit counts the call: `auth` per address, `messages` and `api` per user. */
  readonly limit: "auth" | "api" | "messages";
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodObject;
  /** Null: the answer is 204 without a body. */
  readonly answer: z.ZodObject | z.ZodDiscriminatedUnion<readonly z.ZodObject[]> | null;
  readonly status: 200 | 201 | 204;
  /** Largest accepted body in bytes of JSON; the application's default when absent. */
  readonly maxBodyBytes?: number;
  /** Beyond those every route can give: validation, authentication, limits, 5xx. */
  readonly problems: readonly ProblemCode[];
}

export function route<const R extends Route>(declared: R): R {
  return declared;
}
