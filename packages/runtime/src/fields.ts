import { z } from "zod";
import { Secret } from "./secret.ts";

/**
 * Fields of a configuration schema: each reads the text of one variable and says in words what it allows, so that
 * `readConfig` can tell a person. Add `.default()`, `.optional()` or `.describe()` as with any zod schema.
 */

export interface IntegerLimits {
  min: number;
  max: number;
  /** Such as `ms`, `s`, `bytes`; part of the message. */
  unit?: string;
}

/** A decimal integer within its limits, both included. */
export function integer({ min, max, unit }: IntegerLimits): z.ZodType<number, string> {
  const inRange = (text: string): boolean => Number(text) >= min && Number(text) <= max;
  return z
    .string()
    .regex(/^-?\d{1,15}$/)
    .refine(inRange)
    .transform(Number)
    .meta({ allowed: `an integer from ${min} to ${max}${unit === undefined ? "" : ` (${unit})`}` });
}

/** A decimal number from 0 to 1. */
export function share(): z.ZodType<number, string> {
  return z
    .string()
    .regex(/^(0(\.\d{1,9})?|1(\.0{1,9})?)$/)
    .transform(Number)
    .meta({ allowed: "a number from 0 to 1" });
}

/** A TCP port; 0 lets the system choose a free one. */
export function port(): z.ZodType<number, string> {
  return integer({ min: 0, max: 65_535 });
}

const TRUTHS: Readonly<Record<string, boolean>> = { true: true, 1: true, false: false, 0: false };

export function flag(): z.ZodType<boolean, string> {
  return z
    .string()
    .refine((text) => Object.hasOwn(TRUTHS, text))
    .transform((text) => TRUTHS[text] === true)
    .meta({ allowed: "true or false" });
}

export function oneOf<const Name extends string>(names: readonly Name[]): z.ZodType<Name, string> {
  return z
    .string()
    .refine((text) => (names as readonly string[]).includes(text))
    .transform((text) => text as Name)
    .meta({ allowed: `one of ${names.join(", ")}` });
}

const MAX_TEXT = 4_096;

/** Any text of at most `max` characters (4,096 unless told). */
export function text({ max = MAX_TEXT } = {}): z.ZodType<string, string> {
  return z
    .string()
    .max(max)
    .meta({ allowed: `text of at most ${max} characters` });
}

/** An absolute URL with one of these protocols, written without their colon. */
export function url(protocols: readonly string[]): z.ZodType<URL, string> {
  return urlText(protocols).transform((value) => new URL(value));
}

/** A URL that holds credentials, such as a database's. */
export function secretUrl(protocols: readonly string[]): z.ZodType<Secret, string> {
  return urlText(protocols)
    .transform((value) => new Secret(value))
    .meta({ allowed: allowedUrls(protocols), secret: true });
}

function urlText(protocols: readonly string[]): z.ZodType<string, string> {
  return z
    .string()
    .max(MAX_TEXT)
    .refine((value) => URL.canParse(value) && protocols.includes(new URL(value).protocol.slice(0, -1)))
    .meta({ allowed: allowedUrls(protocols) });
}

function allowedUrls(protocols: readonly string[]): string {
  return `a URL that starts with ${protocols.map((protocol) => `${protocol}://`).join(" or ")}`;
}

/** A text that must not print. `min` characters guard against a placeholder that somebody forgot to replace. */
export function secret({ min = 1 } = {}): z.ZodType<Secret, string> {
  return z
    .string()
    .min(min)
    .max(MAX_TEXT)
    .transform((value) => new Secret(value))
    .meta({ allowed: `a secret of at least ${min} characters`, secret: true });
}

/** Items separated by commas, blanks around them dropped; the empty list is an unset variable with a default. */
export function list({ max = 100 } = {}): z.ZodType<string[], string> {
  return z
    .string()
    .max(MAX_TEXT)
    .transform(splitList)
    .refine((items) => items.length <= max)
    .meta({ allowed: `at most ${max} items separated by commas` });
}

function splitList(value: string): string[] {
  return value
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item.length > 0);
}
