import { writeSync } from "node:fs";
import { createLogger, logFiles } from "@rempart/observability/telemetry";
import type { GatewaySettings } from "../config/schema.ts";
import type { GatewayPorts } from "./gateway.ts";

const STANDARD_OUTPUT = 1;

/** Where the settings say that lines go. The access log is one of requests, and knows no levels. */
export function openGatewayLogs({
  log: { level, directory },
}: Pick<GatewaySettings, "log">): Required<Pick<GatewayPorts, "log" | "accessLog">> {
  if (directory === undefined)
    return { log: createLogger({ level }), accessLog: (lines) => writeSync(STANDARD_OUTPUT, lines) };
  const destinations = logFiles(directory);
  return {
    log: createLogger({ level, destinations }),
    accessLog: (lines) => destinations.access.write(lines),
  };
}
