import { EDGE_PROBLEMS, type Problem } from "../problem.ts";
import { toPointer } from "./pointer.ts";
import type { OutputOf, SchemaIssue, SchemaResult, StandardSchema } from "./standard-schema.ts";

const PARTS = ["params", "query", "headers", "cookies", "body"] as const;
export type RequestPart = (typeof PARTS)[number];

export type RequestSchemas = { readonly [Part in RequestPart]?: StandardSchema };
export type RequestParts = { readonly [Part in RequestPart]?: unknown };
export type Validated<Schemas extends RequestSchemas> = {
  readonly [Part in keyof Schemas]: OutputOf<Schemas[Part]>;
};

export type Validation<Value> =
  | { readonly valid: true; readonly value: Value }
  | { readonly valid: false; readonly problem: Problem };

/** One thing that is wrong. The pointer (RFC 6901, as a URI fragment) starts with the part: `#/body/items/0/name`. */
export interface ValidationError {
  readonly pointer: string;
  readonly detail: string;
}

const MAX_ERRORS = 20;
const MAX_DETAIL = 200;

/**
 * Validates the parts of a request that have a schema, and hands on what the schemas made of them; parts without one are not
 * in the result. Synchronous when the schemas are. Throws `TypeError` for what is no Standard Schema.
 */
export function createValidator<const Schemas extends RequestSchemas>(
  schemas: Schemas,
): (parts: RequestParts) => Validation<Validated<Schemas>> | Promise<Validation<Validated<Schemas>>> {
  const wanted = PARTS.flatMap((part) => {
    const schema = schemas[part];
    if (schema !== undefined && typeof schema["~standard"]?.validate !== "function") {
      throw new TypeError(`${part}: expects a Standard Schema`);
    }
    return schema === undefined ? [] : [{ part, validate: schema["~standard"].validate }];
  });
  const conclude = (results: readonly SchemaResult<unknown>[]): Validation<Validated<Schemas>> => {
    const errors: ValidationError[] = [];
    const value: Partial<Record<RequestPart, unknown>> = {};
    results.forEach((result, i) => {
      const part = (wanted[i] as { part: RequestPart }).part;
      if (result.issues === undefined) value[part] = result.value;
      else collect(errors, part, result.issues);
    });
    if (errors.length > 0) return { valid: false, problem: validationFailed(errors) };
    return { valid: true, value: value as Validated<Schemas> };
  };
  return (parts) => {
    const results = wanted.map(({ part, validate }) => validate(parts[part]));
    const isSync = (all: typeof results): all is SchemaResult<unknown>[] =>
      !all.some((result) => result instanceof Promise);
    return isSync(results) ? conclude(results) : Promise.all(results).then(conclude);
  };
}

function collect(errors: ValidationError[], part: RequestPart, issues: readonly SchemaIssue[]): void {
  for (const issue of issues.slice(0, MAX_ERRORS - errors.length)) {
    errors.push({ pointer: toPointer([part, ...pathOf(issue)]), detail: issue.message.slice(0, MAX_DETAIL) });
  }
  // A schema that refuses without a reason still refuses.
  if (issues.length === 0) errors.push({ pointer: toPointer([part]), detail: "Invalid" });
}

function pathOf(issue: SchemaIssue): string[] {
  return (issue.path ?? []).map((step) => String(typeof step === "object" ? step.key : step));
}

/** The problem for input that does not fit, with what is wrong where. */
export function validationFailed(errors: readonly ValidationError[]): Problem {
  return { ...EDGE_PROBLEMS.validationFailed, members: { errors } };
}
