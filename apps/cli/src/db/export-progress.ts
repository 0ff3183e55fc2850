import { bytesText, durationText } from "../text.ts";

const EVERY_MS = 500;
const WIDTH = 24;

export interface Progress {
  /** So many rows more. */
  rows(count: number): void;
  bytes(count: number): void;
  end(): void;
}

/** A bar on a terminal's standard error; without a terminal, one line at the end. */
export function exportProgress(total: number): Progress {
  const started = performance.now();
  const isTerminal = process.stderr.isTTY === true;
  let rows = 0;
  let bytes = 0;
  let shown = 0;
  const show = (end: string): void => {
    const seconds = (performance.now() - started) / 1000;
    process.stderr.write(`${isTerminal ? "\r\u001b[K" : ""}${line({ rows, bytes, total, seconds })}${end}`);
  };
  return {
    rows(count) {
      rows += count;
    },
    bytes(count) {
      bytes += count;
      if (!isTerminal || performance.now() - shown < EVERY_MS) return;
      shown = performance.now();
      show("");
    },
    end: () => show("\n"),
  };
}

interface Reached {
  readonly rows: number;
  readonly bytes: number;
  /** About: PostgreSQL's own estimate. */
  readonly total: number;
  readonly seconds: number;
}

export function line({ rows, bytes, total, seconds }: Reached): string {
  const rate = seconds > 0 ? rows / seconds : 0;
  const facts = `${rows} rows, ${bytesText(bytes)}, ${Math.round(rate)} rows/s`;
  if (rows >= total || rate === 0) return facts;
  const full = Math.round((rows / total) * WIDTH);
  const left = durationText(((total - rows) / rate) * 1000);
  return `[${"#".repeat(full)}${" ".repeat(WIDTH - full)}] ${facts}, about ${left} left`;
}
