import type { Observer } from "@rempart/edge";
import { explain } from "@rempart/kernel";
import { createLogger, logFiles } from "@rempart/observability/telemetry";
import type { Logger } from "@rempart/runtime";
import type { MessengerConfig } from "../config.ts";

/** The log that the configuration asks for. */
export function openLog({ logLevel, logDirectory }: MessengerConfig): Logger {
  const destinations = logDirectory === null ? {} : logFiles(logDirectory);
  return createLogger({ level: logLevel, destinations });
}

/**
 * The access log: one line for each request, without its query, its bodies or its headers. Refusals and answers are at
 * `debug`; failures of ours at `error` with their cause, under the request id that the client was told.
 */
export function accessLog(log: Logger): Observer {
  const access = log.child({ retention: "access" });
  return {
    settled({ requestId, method, route, status, durationMs, address, code, aborted, cause }) {
      const fields = { requestId, method, route, status, ms: Math.round(durationMs * 10) / 10, address };
      const more = { ...(code === null ? {} : { code }), ...(aborted ? { aborted } : {}) };
      if (status >= 500) log.error({ ...fields, ...more, error: causeOf(cause) }, "request failed");
      else access.debug({ ...fields, ...more }, "request");
    },
  };
}

function causeOf(cause: unknown): string | undefined {
  if (cause === undefined) return undefined;
  const stack = cause instanceof Error ? cause.stack?.split("\n").slice(1, 6).join(" <") : undefined;
  return stack === undefined ? explain(cause) : `${explain(cause)} |${stack}`;
}
