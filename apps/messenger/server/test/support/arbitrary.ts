import fc from "fast-check";
import { z } from "zod";

type JsonSchema = Record<string, unknown> & {
  type?: string;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  enum?: unknown[];
  const?: unknown;
  oneOf?: JsonSchema[];
  anyOf?: JsonSchema[];
};

/** Ids and bytes that mean something to the server under test, to get past the first check. */
export interface Known {
  readonly ids: readonly string[];
  readonly blobs: readonly string[];
}

/** Values that a schema describes, or nearly: each part is now and then replaced by something else. */
export function nearly(schema: z.ZodType, known: Known): fc.Arbitrary<unknown> {
  return anyValue(z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as JsonSchema, known);
}

export const garbage: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue(),
  fc.string(),
  fc.constantFrom(null, true, -1, 1e308, "", "\u0000", "__proto__", [], {}),
);

function anyValue(schema: JsonSchema, known: Known): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 12, arbitrary: wellTyped(schema, known) }, { weight: 1, arbitrary: garbage });
}

function wellTyped(schema: JsonSchema, known: Known): fc.Arbitrary<unknown> {
  if ("const" in schema) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  const branches = schema.oneOf ?? schema.anyOf;
  if (branches !== undefined) return fc.oneof(...branches.map((branch) => anyValue(branch, known)));
  switch (schema.type) {
    case "object":
      return objectOf(schema, known);
    case "array":
      return fc.array(anyValue(schema.items ?? {}, known), { maxLength: 4 });
    case "integer":
    case "number":
      return fc.oneof(fc.nat(5), fc.maxSafeInteger());
    case "boolean":
      return fc.boolean();
    case "string":
      return text(schema, known);
    default:
      return garbage;
  }
}

function objectOf({ properties = {}, required = [] }: JsonSchema, known: Known): fc.Arbitrary<unknown> {
  const parts = Object.entries(properties).map(
    ([name, property]) => [name, anyValue(property, known)] as const,
  );
  const whole = fc.record(Object.fromEntries(parts), { requiredKeys: required });
  const extra = fc.dictionary(fc.string({ maxLength: 8 }), garbage, { maxKeys: 2 });
  return fc.oneof(
    { weight: 8, arbitrary: whole },
    { weight: 1, arbitrary: fc.tuple(whole, extra).map(([one, more]) => ({ ...one, ...more })) },
  );
}

function text(schema: JsonSchema, known: Known): fc.Arbitrary<string> {
  if (schema.format === "uuid") return fc.oneof(fc.constantFrom(...known.ids), fc.uuid());
  if (schema.contentEncoding !== undefined) {
    const bytes = fc.uint8Array({ maxLength: 300 }).map((value) => Buffer.from(value).toString("base64url"));
    return fc.oneof(fc.constantFrom(...known.blobs), mutated(known.blobs), bytes);
  }
  if (schema.format === "email") return fc.emailAddress();
  return fc.oneof(fc.string({ maxLength: 40 }), fc.string({ unit: "binary", maxLength: 40 }));
}

/** A real message with one byte changed, or cut short. */
function mutated(blobs: readonly string[]): fc.Arbitrary<string> {
  return fc
    .tuple(fc.constantFrom(...blobs), fc.nat(), fc.nat(255), fc.boolean())
    .map(([blob, at, value, cut]) => {
      const bytes = Buffer.from(blob, "base64url");
      if (bytes.length === 0) return blob;
      const index = at % bytes.length;
      bytes[index] = value;
      return (cut ? bytes.subarray(0, index) : bytes).toString("base64url");
    });
}
