import { z } from "zod";

/** What a person has to know to set one variable; also the source of generated documentation. */
export interface VariableDescription {
  readonly name: string;
  /** Completes the sentence "it must be …"; absent when the schema was not made with this package's fields. */
  readonly allowed?: string;
  /** As it would be written in the environment; absent when the variable is required or simply unset. */
  readonly default?: string;
  readonly required: boolean;
  readonly secret: boolean;
  readonly description?: string;
}

/** Metadata that fields carry in zod's global registry. */
export interface FieldMeta {
  allowed?: string;
  secret?: boolean;
  description?: string;
}

/** The variables of an object schema, in its order; none for a schema whose input is not an object. */
export function describeConfig(schema: z.ZodType): VariableDescription[] {
  const object = inputObject(schema);
  if (object === undefined) return [];
  return Object.entries(object.def.shape).map(([name, field]) => describeVariable(name, field));
}

function inputObject(schema: z.core.$ZodType): z.ZodObject | undefined {
  if (schema instanceof z.ZodObject) return schema;
  return schema instanceof z.ZodPipe ? inputObject(schema.def.in) : undefined;
}

function describeVariable(name: string, field: z.core.$ZodType): VariableDescription {
  const layers = layersOf(field);
  const meta: FieldMeta = Object.assign({}, ...layers.map(metaOf).reverse());
  const withDefault = layers.find((layer) => layer instanceof z.ZodDefault);
  const optional = layers.some((layer) => layer instanceof z.ZodOptional);
  return {
    name,
    ...(meta.allowed === undefined ? {} : { allowed: meta.allowed }),
    ...(withDefault === undefined ? {} : { default: String(withDefault.def.defaultValue) }),
    required: withDefault === undefined && !optional,
    secret: meta.secret === true,
    ...(meta.description === undefined ? {} : { description: meta.description }),
  };
}

/** A schema and what it wraps, outermost first. */
function layersOf(schema: z.core.$ZodType): z.core.$ZodType[] {
  const inner = innerOf(schema);
  return inner === undefined ? [schema] : [schema, ...layersOf(inner)];
}

function innerOf(schema: z.core.$ZodType): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodPipe) return schema.def.in;
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodOptional) return schema.def.innerType;
  return undefined;
}

function metaOf(schema: z.core.$ZodType): FieldMeta {
  return (z.globalRegistry.get(schema) ?? {}) as FieldMeta;
}
