import type { Observer } from "@rempart/edge";
import { explain } from "@rempart/kernel";
import type { Logger } from "@rempart/runtime";
import { pino } from "pino";
import type { LogLevel } from "../config.ts";

/** One JSON object a line on standard output. */
export function createLogger(level: LogLevel): Logger {
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime });
}

/**
 * The access log: one line for each request, without its query, its bodies or its headers. Refusals and answers are at
 * `debug`; failures of ours at `error` with their cause, under the request id that the client was told.
 */
export function accessLog(log: Logger): Observer {
  return {
    settled({ requestId, method, route, status, durationMs, address, code, aborted, cause }) {
      const fields = { requestId, method, route, status, ms: Math.round(durationMs * 10) / 10, address };
      const more = { ...(code === null ? {} : { code }), ...(aborted ? { aborted } : {}) };
      if (status >= 500) log.error({ ...fields, ...more, error: causeOf(cause) }, "request failed");
      else log.debug({ ...fields, ...more }, "request");
    },
  };
}

function causeOf(cause: unknown): string | undefined {
  if (cause === undefined) return undefined;
  const stack = cause instanceof Error ? cause.stack?.split("\n").slice(1, 6).join(" <") : undefined;
  return stack === undefined ? explain(cause) : `${explain(cause)} |${stack}`;
}
