import type { Exchange } from "../exchange.ts";
import { EDGE_PROBLEMS } from "../problem.ts";
import { canonicalPath } from "../routes.ts";
import { type BodyParsing, parseBody } from "../validation/body.ts";
import { type Fields, parseCookies, parseQuery } from "../validation/parts.ts";
import {
  createValidator,
  type RequestParts,
  type RequestSchemas,
  type Validation,
} from "../validation/validator.ts";
import { reject, type Verdict } from "../verdict.ts";
import type { BodyPolicy, Policy } from "./policy.ts";

/** A route's schemas, ready to be asked; `null` where the route has none for that moment. */
export interface CompiledValidation {
  readonly schemas: RequestSchemas;
  readonly beforeBody: Validate | null;
  readonly body: Validate | null;
}

type Validate = (parts: RequestParts, exchange: Exchange) => Verdict | null | Promise<Verdict | null>;

/** Throws `TypeError` for what is no Standard Schema. */
export function compileValidation(schemas: RequestSchemas): CompiledValidation {
  const { body, ...before } = schemas;
  return {
    schemas,
    beforeBody: Object.keys(before).length === 0 ? null : compileValidate(before),
    body: body === undefined ? null : compileValidate({ body }),
  };
}

function compileValidate(schemas: RequestSchemas): Validate {
  const validate = createValidator(schemas);
  const conclude = (exchange: Exchange, result: Validation<RequestParts>): Verdict | null => {
    if (!result.valid) return reject(result.problem);
    exchange.parts = { ...exchange.parts, ...result.value };
    return null;
  };
  return (parts, exchange) => {
    const result = validate(parts);
    return result instanceof Promise
      ? result.then((later) => conclude(exchange, later))
      : conclude(exchange, result);
  };
}

/** Validates everything but the body, which has not arrived yet. */
export const validation: Policy = (exchange) => {
  const { validate } = exchange.matched;
  if (validate === null) return null;
  if (validate.body !== null) exchange.needsBody = true;
  if (validate.beforeBody === null) return null;
  const parts = readParts(exchange, validate.schemas);
  return parts === null ? TOO_MUCH : validate.beforeBody(parts, exchange);
};

const TOO_MUCH = reject(EDGE_PROBLEMS.badRequest);

/** Only what a schema asks for is read. */
function readParts({ facts, matched }: Exchange, wanted: RequestSchemas): RequestParts | null {
  const { target } = facts;
  const query = wanted.query === undefined ? undefined : parseQuery(queryOf(target));
  const cookies = wanted.cookies === undefined ? undefined : parseCookies(facts.header("cookie"));
  if (query === null || cookies === null) return null;
  const params = wanted.params === undefined ? undefined : matched.paramsOf(canonicalPath(target) ?? "");
  const headers = wanted.headers === undefined ? undefined : readHeaders(facts);
  return { params, query, cookies, headers };
}

function queryOf(target: string): string {
  const at = target.indexOf("?");
  return at < 0 ? "" : target.slice(at + 1);
}

function readHeaders(facts: Exchange["facts"]): Fields {
  const fields: Record<string, string> = Object.create(null);
  for (const name of facts.headerNames()) fields[name] = facts.header(name) ?? "";
  return fields;
}

/** Validates the body, once it is there. */
export const bodyValidation: BodyPolicy = (exchange, bytes) => {
  const validate = exchange.matched.validate?.body ?? null;
  if (validate === null) return null;
  const parsed = parseBody(bytes, exchange.facts.header("content-type"));
  return parsed.kind === "parsed" ? validate({ body: parsed.value }, exchange) : refuseBody(parsed);
};

function refuseBody(parsed: Exclude<BodyParsing, { kind: "parsed" }>): Verdict {
  if (parsed.kind === "unsupported") return reject(EDGE_PROBLEMS.unsupportedMediaType);
  return reject({ ...EDGE_PROBLEMS.malformedBody, detail: parsed.reason });
}
