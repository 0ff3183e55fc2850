import { Secret } from "@rempart/runtime";
import { KeysError } from "../errors.ts";

/** `name`, or `name#path.to.field` for one text of a JSON document. */
export interface SecretReference {
  readonly name: string;
  /** Empty for the whole value. */
  readonly path: readonly string[];
}

const MAX_REFERENCE = 512;

/** Throws `TypeError`: a reference is written by the programmer or the operator, not by a stranger. */
export function parseReference(text: string): SecretReference {
  const [name = "", field, ...rest] = text.split("#");
  const path = field?.split(".") ?? [];
  const isWrong = name === "" || rest.length > 0 || path.includes("") || text.length > MAX_REFERENCE;
  if (isWrong) throw new TypeError(`not a secret's name, or name#path.to.field: ${text.slice(0, 80)}`);
  return { name, path };
}

/** The part of a secret that a reference names. The text of the document is in no error. */
export function select(secret: Secret, { name, path }: SecretReference): Secret {
  if (path.length === 0) return secret;
  let value = parseDocument(secret, name);
  for (const key of path) value = memberOf(value, key);
  if (typeof value === "string") return new Secret(value);
  if (typeof value === "number" || typeof value === "boolean") return new Secret(String(value));
  throw new KeysError("secret-malformed", `secret ${name} has no text at ${path.join(".")}`);
}

function parseDocument(secret: Secret, name: string): unknown {
  try {
    return JSON.parse(secret.reveal());
  } catch {
    // The parser's own error repeats a piece of the text.
    throw new KeysError("secret-malformed", `secret ${name} is not a JSON document`);
  }
}

function memberOf(value: unknown, key: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Record<string, unknown>)[key];
}
