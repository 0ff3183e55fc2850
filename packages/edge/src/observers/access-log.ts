import { type Clock, explain, systemClock } from "@rempart/kernel";
import type { Observer, Outcome } from "../ports.ts";

export interface AccessLogOptions {
  /** Takes whole lines, many at a time. Called from a timer and when the batch is full; must not throw. */
  readonly write: (lines: string) => void;
  /** Characters after which a batch is written at once; default 16,384. */
  readonly batchCharacters?: number;
  /** Longest time a line waits, in milliseconds; default 100. */
  readonly batchMs?: number;
  /** Further members of every line, such as how long it is kept. */
  readonly members?: Readonly<Record<string, string>>;
  /** The trace that the request which is just told of belongs to, as 32 hexadecimal digits. */
  readonly traceId?: () => string | undefined;
  readonly clock?: Clock;
}

export interface AccessLog extends Observer {
  /** Writes what waits. Call it last when stopping. */
  flush(): void;
}

const DEFAULT_CHARACTERS = 16_384;
const DEFAULT_MS = 100;
const INFO = 30;
const ERROR = 50;

/**
 * One JSON line per request, in the field names of pino. Lines are written in batches: a write costs more than the line.
 * A crash of the process loses at most the last batch; a record that must survive one belongs in an audit log.
 */
export function createAccessLog(options: AccessLogOptions): AccessLog {
  const { write, batchCharacters = DEFAULT_CHARACTERS, batchMs = DEFAULT_MS, clock = systemClock } = options;
  const { traceId } = options;
  const constant = Object.entries(options.members ?? {}).map(
    ([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)},`,
  );
  let batch = "";
  let timer: ReturnType<typeof setTimeout> | null = null;
  let stampedAt = -1;
  let stamp = "";
  const flush = (): void => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    const lines = batch;
    batch = "";
    if (lines !== "") write(lines);
  };
  return {
    flush,
    settled(outcome) {
      const now = clock.now();
      if (now !== stampedAt) {
        stampedAt = now;
        stamp = `,"time":${now},${constant.join("")}"requestId":"`;
      }
      batch += line(outcome, stamp, traceId?.());
      if (batch.length >= batchCharacters) flush();
      else timer ??= setTimeout(flush, batchMs);
    },
  };
}

function line(outcome: Outcome, stamp: string, traceId: string | undefined): string {
  const { requestId, method, path, route, status, durationMs, address } = outcome;
  const level = status >= 500 ? ERROR : INFO;
  let text = `{"level":${level}${stamp}${requestId}","method":"${escaped(method)}","path":"${escaped(path)}","route":"${escaped(route)}","status":${status},"ms":${thousandths(durationMs)},"address":"${address}"`;
  if (traceId !== undefined) text += `,"traceId":"${traceId}"`;
  if (outcome.verdict !== "pass") text += `,"verdict":"${outcome.verdict}"`;
  if (outcome.code !== null) text += `,"code":"${escaped(outcome.code)}"`;
  if (outcome.reason !== null) text += `,"reason":"${escaped(outcome.reason)}"`;
  if (outcome.aborted) text += `,"aborted":true`;
  if (outcome.cause !== undefined) text += `,"error":${JSON.stringify(explain(outcome.cause))}`;
  return `${text}}\n`;
}

/** What stands between the quotes of a JSON string. Most text stands for itself, and then is not copied. */
function escaped(text: string): string {
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code < 32 || code > 126 || code === 34 || code === 92) return JSON.stringify(text).slice(1, -1);
  }
  return text;
}

const THOUSANDTHS = Array.from({ length: 1000 }, (_, i) => String(i).padStart(3, "0"));

/** Three decimals. Finding the shortest text of a double takes three times as long. */
function thousandths(value: number): string {
  const whole = Math.round(value * 1000);
  return `${Math.floor(whole / 1000)}.${THOUSANDTHS[whole % 1000]}`;
}
