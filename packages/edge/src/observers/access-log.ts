import { type Clock, explain, systemClock } from "@rempart/kernel";
import type { Observer, Outcome } from "../ports.ts";

export interface AccessLogOptions {
  /** Takes whole lines, many at a time. Called from a timer and when the batch is full; must not throw. */
  readonly write: (lines: string) => void;
  /** Characters after which a batch is written at once; default 16,384. */
  readonly batchCharacters?: number;
  /** Longest time a line waits, in milliseconds; default 100. */
  readonly batchMs?: number;
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
  let batch = "";
  let timer: ReturnType<typeof setTimeout> | null = null;
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
      batch += line(outcome, clock.now());
      if (batch.length >= batchCharacters) flush();
      else timer ??= setTimeout(flush, batchMs);
    },
  };
}

function line(outcome: Outcome, now: number): string {
  const level = outcome.status >= 500 ? ERROR : INFO;
  let text = `{"level":${level},"time":${now},"requestId":"${outcome.requestId}","method":${quoted(outcome.method)},"path":${quoted(outcome.path)},"route":${quoted(outcome.route)},"status":${outcome.status},"ms":${Math.round(outcome.durationMs * 1000) / 1000},"address":"${outcome.address}"`;
  if (outcome.verdict !== "pass") text += `,"verdict":"${outcome.verdict}"`;
  if (outcome.code !== null) text += `,"code":${quoted(outcome.code)}`;
  if (outcome.aborted) text += `,"aborted":true`;
  if (outcome.cause !== undefined) text += `,"error":${JSON.stringify(explain(outcome.cause))}`;
  return `${text}}\n`;
}

/** `JSON.stringify` for text, spared where every character stands for itself. */
function quoted(text: string): string {
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code < 32 || code > 126 || code === 34 || code === 92) return JSON.stringify(text);
  }
  return `"${text}"`;
}
