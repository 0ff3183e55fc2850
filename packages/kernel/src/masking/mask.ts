import type { Json } from "../json.ts";
import { Harmless } from "./harmless.ts";
import { namesSecret } from "./names.ts";
import { maskShapes } from "./shapes.ts";
import { shortened, visible } from "./text.ts";

/** What may be kept of a value somebody else made. All of it is bounded: metadata can come straight from a request. */
export const MASK_LIMITS = { depth: 6, members: 64, textLength: 2_048, values: 512 } as const;

const MASKED = "[masked]";
const NAME_LENGTH = 128;

/**
 * A copy that is safe to keep: secrets and personal data masked by name and by shape, every text visible, cycles cut, and
 * no larger than `MASK_LIMITS`. Members named in `allow` keep values that only their shape makes suspicious. Never throws.
 */
export function mask(value: unknown, allow: ReadonlySet<string> = NOTHING): Json {
  return maskValue(value, { allow, path: [], left: MASK_LIMITS.values });
}

const NOTHING: ReadonlySet<string> = new Set();

interface Walk {
  readonly allow: ReadonlySet<string>;
  /** The objects on the way here: meeting one again is a cycle. */
  readonly path: object[];
  left: number;
}

function maskValue(value: unknown, walk: Walk, allowed = false): Json {
  walk.left -= 1;
  if (walk.left < 0) return "[more]";
  switch (typeof value) {
    case "string":
      return maskText(value, allowed);
    case "boolean":
      return value;
    case "number":
      return Number.isFinite(value) ? value : String(value);
    case "bigint":
      return maskText(String(value), allowed);
    case "object":
      return value === null ? null : maskObject(value, walk);
    default:
      return null;
  }
}

/** Shortened first: the patterns never see more than the limit. */
export function maskText(text: string, allowed = false): string {
  if (harmless.has(text)) return text;
  const short = shortened(text, MASK_LIMITS.textLength);
  const masked = visible(allowed ? short : maskShapes(short));
  if (!allowed && masked === text) harmless.add(text);
  return masked;
}

/** Shorter than ids, which never come again. */
const HARMLESS_LENGTH = 31;
const harmless = new Harmless(1_000, HARMLESS_LENGTH);

function maskObject(value: object, walk: Walk): Json {
  if (walk.path.includes(value)) return "[cycle]";
  if (walk.path.length >= MASK_LIMITS.depth) return "[deeper]";
  walk.path.push(value);
  try {
    return describe(value, walk);
  } catch {
    return "[unreadable]";
  } finally {
    walk.path.pop();
  }
}

function describe(value: object, walk: Walk): Json {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "[no date]" : value.toISOString();
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
  if (value instanceof Error) return maskText(`${value.name}: ${value.message}`);
  if (value instanceof URL) return maskText(value.href);
  if (Array.isArray(value)) return value.slice(0, MASK_LIMITS.members).map((item) => maskValue(item, walk));
  return maskMembers(value instanceof Map ? Object.fromEntries(value) : value, walk);
}

function maskMembers(value: object, walk: Walk): Json {
  const masked: Record<string, Json> = {};
  for (const name of Object.keys(value).slice(0, MASK_LIMITS.members)) {
    const { shown, isSecret } = nameOf(name);
    const kept = isSecret ? MASKED : readMember(value, name, walk);
    if (shown === "__proto__") define(masked, shown, kept);
    else masked[shown] = kept;
  }
  return masked;
}

/** A member of that name, and not the object's prototype. */
function define(object: object, name: string, value: Json): void {
  Object.defineProperty(object, name, { value, enumerable: true, writable: true, configurable: true });
}

interface Name {
  readonly shown: string;
  readonly isSecret: boolean;
}

/** A program logs the same few names again and again. Bounded, since the names of a request are the peer's to choose. */
const known = new Map<string, Name>();
const MAX_KNOWN = 1_000;

function nameOf(name: string): Name {
  const before = known.get(name);
  if (before !== undefined) return before;
  // A table by e-mail address has people for its members' names.
  const looked = { shown: maskText(shortened(name, NAME_LENGTH)), isSecret: namesSecret(name) };
  if (known.size < MAX_KNOWN && name.length <= NAME_LENGTH) known.set(name, looked);
  return looked;
}

/** A getter may throw: what it hides is lost, the rest is kept. */
function readMember(value: object, name: string, walk: Walk): Json {
  try {
    return maskValue((value as Record<string, unknown>)[name], walk, walk.allow.has(name));
  } catch {
    return "[unreadable]";
  }
}
