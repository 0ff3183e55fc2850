import type { Json } from "@rempart/kernel";
import { mask, maskText } from "@rempart/kernel/masking";
import type { Logger } from "@rempart/runtime";
import { pino } from "pino";
import { currentScope } from "../scope.ts";
import type { LogLevel } from "./level.ts";
import { RETENTION_CLASSES, type RetentionClass } from "./retention.ts";

/** Takes whole lines. Must not throw. */
export interface LineDestination {
  write(line: string): void;
}

export interface LogOptions {
  readonly level: LogLevel;
  /** Where lines go, by how long they are kept; standard output unless told. */
  readonly destinations?: Readonly<Partial<Record<RetentionClass, LineDestination>>>;
}

type Fields = Readonly<Record<string, Json>>;
type Severity = "debug" | "info" | "warn" | "error";
type Lines = Readonly<Record<RetentionClass, pino.Logger>>;

/**
 * One JSON object a line, with its retention class, and the ids of the request it was written for. Fields are copied, masked and
 * bounded: whatever they are, a line is one line, holds no secret that `mask` knows, and writing it does not throw. The
 * class is `application` unless a child binds `retention`.
 */
export function createLogger({ level, destinations = {} }: LogOptions): Logger {
  const entries = RETENTION_CLASSES.map((retention) => [retention, lines(level, retention, destinations)]);
  return loggerOver(Object.fromEntries(entries) as Lines, "application", UNBOUND);
}

function lines(
  level: LogLevel,
  retention: RetentionClass,
  destinations: NonNullable<LogOptions["destinations"]>,
): pino.Logger {
  const options: pino.LoggerOptions = {
    level,
    base: { retention },
    timestamp,
  };
  const destination = destinations[retention];
  return destination === undefined ? pino(options) : pino(options, destination);
}

/** ISO 8601, written once for all lines of a millisecond. */
function timestamp(): string {
  const now = Date.now();
  if (now !== written.at) written = { at: now, text: `,"time":"${new Date(now).toISOString()}"` };
  return written.text;
}

let written = { at: Number.NaN, text: "" };

function loggerOver(lines: Lines, retention: RetentionClass, bound: Fields): Logger {
  const to = lines[retention];
  const write = (severity: Severity, fields: object, message: string | undefined): void => {
    if (!to.isLevelEnabled(severity)) return;
    const line = whole(bound, renamed(masked(fields)), currentScope());
    if (message === undefined) to[severity](line);
    else to[severity](line, maskText(message));
  };
  return {
    debug: (fields, message) => write("debug", fields, message),
    info: (fields, message) => write("info", fields, message),
    warn: (fields, message) => write("warn", fields, message),
    error: (fields, message) => write("error", fields, message),
    child(fields) {
      const { retention: chosen = retention, ...more } = masked(fields);
      return loggerOver(lines, isRetentionClass(chosen) ? chosen : retention, { ...bound, ...renamed(more) });
    },
  };
}

/** The fields are a copy of the logger's own: where there is nothing beside them, they are the line. */
function whole(bound: Fields, fields: Fields, scope: object | undefined): object {
  if (bound === UNBOUND && scope === undefined) return fields;
  return { ...bound, ...fields, ...scope };
}

const UNBOUND: Fields = {};

/** Made by us and of a shape that cannot be a secret; masked, an id of ten digits would be a telephone number. */
const OURS: ReadonlySet<string> = new Set(["requestId", "traceId"]);

function masked(fields: object): Fields {
  const safe = mask(fields, OURS);
  return safe === null || typeof safe !== "object" || Array.isArray(safe)
    ? { value: safe }
    : (safe as Fields);
}

/** Names that a line has already: a second one under the same name would leave it to each reader which of them counts. */
const TAKEN = ["level", "time", "msg", "retention"] as const;

function renamed(fields: Fields): Fields {
  if (!TAKEN.some((name) => Object.hasOwn(fields, name))) return fields;
  const entries = Object.entries(fields).map(([name, value]) => [
    (TAKEN as readonly string[]).includes(name) ? `${name}_` : name,
    value,
  ]);
  return Object.fromEntries(entries) as Fields;
}

function isRetentionClass(value: Json): value is RetentionClass {
  return (RETENTION_CLASSES as readonly Json[]).includes(value);
}
