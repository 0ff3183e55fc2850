import type { HttpBindings } from "@hono/node-server";
import type { Problem } from "@rempart/edge";
import { fromUtf8 } from "@rempart/kernel";
import type { Context } from "hono";
import type { z } from "zod";
import { problemOf, validationProblem } from "./problems.ts";

/** Hono's context behind the edge's own server. */
export type Env = { Bindings: HttpBindings };

/** What a route says of its input. */
export interface InputSchemas {
  readonly params?: z.ZodType;
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
}

export interface Input {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
}

/** What a request brings, as its route's schemas made it; or the first problem with it. */
export async function readInput(schemas: InputSchemas, c: Context<Env>): Promise<Input | Problem> {
  const params = schemas.params?.safeParse(c.req.param());
  if (params?.success === false) return validationProblem("path", params.error);
  const query = schemas.query?.safeParse(queryOf(c));
  if (query?.success === false) return validationProblem("query", query.error);
  if (schemas.body === undefined) return { params: params?.data, query: query?.data, body: undefined };
  const json = await readJson(c);
  if ("status" in json) return json;
  const body = schemas.body.safeParse(json.value);
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

export function userAgentOf(c: Context<Env>): string {
  return (c.req.header("user-agent") ?? "").slice(0, MAX_USER_AGENT);
}
