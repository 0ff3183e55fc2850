import { PROBLEMS, type ProblemCode, ROUTES, type Route } from "@rempart/messaging/contract";
import { z } from "zod";

export interface OpenApiDocument {
  readonly openapi: "3.1.1";
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: object;
  readonly tags: readonly object[];
}

export interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly security: readonly object[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required: true; readonly content: Content };
  readonly responses: Readonly<Record<string, Response>>;
}

export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query";
  readonly required: boolean;
  readonly schema: JsonSchema;
}

type JsonSchema = Record<string, unknown>;
type Content = Readonly<Record<string, { readonly schema: JsonSchema }>>;

interface Response {
  readonly description: string;
  readonly content?: Content;
}

/** What every route can answer beside its own problems. */
const COMMON: readonly ProblemCode[] = ["validation-failed", "rate-limited", "internal-error", "unavailable"];
const WITH_BODY: readonly ProblemCode[] = ["malformed-body", "unsupported-media-type", "body-too-large"];

/** OpenAPI 3.1 of the REST API, from the table that the server serves and the client calls. */
export function openApi(version: string): OpenApiDocument {
  const paths: Record<string, Record<string, Operation>> = {};
  for (const [name, route] of Object.entries(ROUTES) as [string, Route][]) {
    const path = route.path.replaceAll(/:([a-zA-Z]+)/g, "{$1}");
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(name, route) };
  }
  return {
    openapi: "3.1.1",
    info: {
      title: "Rempart messenger",
      version,
      description:
        "Content is end-to-end encrypted: the server stores and orders MLS messages (RFC 9420) that it cannot read. " +
        "Messages also flow over a WebSocket, whose frames are described in the contract package.",
    },
    paths,
    components: { securitySchemes: { session: SESSION }, schemas: { Problem: PROBLEM } },
    tags: ["auth", "users", "devices", "conversations", "messages"].map((name) => ({ name })),
  };
}

const SESSION = {
  type: "apiKey",
  in: "cookie",
  name: "__Host-session",
  description: "Set by sign-in and sign-up; a browser sends it by itself.",
};

const PROBLEM: JsonSchema = {
  type: "object",
  description: "RFC 9457 problem document",
  required: ["type", "title", "status", "code", "requestId", "error"],
  properties: {
    type: { type: "string", format: "uri-reference" },
    title: { type: "string" },
    status: { type: "integer" },
    detail: { type: "string" },
    code: { type: "string", enum: Object.keys(PROBLEMS) },
    requestId: { type: "string" },
    error: {
      type: "object",
      required: ["code", "message"],
      properties: { code: { type: "string" }, message: { type: "string" } },
    },
  },
};

function operation(name: string, route: Route): Operation {
  const parameters = [...parametersOf(route, "path"), ...parametersOf(route, "query")];
  return {
    operationId: name,
    summary: route.summary,
    description: `Counted by the \`${route.limit}\` rate limit.`,
    tags: [route.tag],
    security: route.access === "session" ? [{ session: [] }] : [],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(route.body === undefined
      ? {}
      : { requestBody: { required: true, content: json(route.body, "input") } }),
    responses: responses(route),
  };
}

function parametersOf(route: Route, place: "path" | "query"): Parameter[] {
  const schema = place === "path" ? route.params : route.query;
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = jsonSchema(schema, "input") as {
    properties?: Record<string, JsonSchema>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: place,
    required: required.includes(name),
    schema: property,
  }));
}

function responses(route: Route): Record<string, Response> {
  const success: Response =
    route.answer === null
      ? { description: "Done" }
      : { description: "Done", content: json(route.answer, "output") };
  const codes = [
    ...route.problems,
    ...COMMON,
    ...(route.body === undefined ? [] : WITH_BODY),
    ...(route.access === "session" ? (["unauthenticated"] as const) : []),
  ];
  const byStatus = Map.groupBy(new Set(codes), (code) => String(PROBLEMS[code].status));
  const refusals = Array.from(byStatus, ([status, of]) => [status, problemResponse(of)] as const);
  return Object.fromEntries([[String(route.status), success], ...refusals]);
}

function problemResponse(codes: readonly ProblemCode[]): Response {
  return {
    description: codes.map((code) => `\`${code}\`: ${PROBLEMS[code].title}`).join("; "),
    content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
  };
}

function json(schema: z.ZodType, io: "input" | "output"): Content {
  return { "application/json": { schema: jsonSchema(schema, io) } };
}

function jsonSchema(schema: z.ZodType, io: "input" | "output"): JsonSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: "any" });
  return rest;
}
