export { logFiles } from "./logs/files.ts";
export { LOG_LEVELS, type LogLevel } from "./logs/level.ts";
export { createLogger, type LineDestination, type LogOptions } from "./logs/logger.ts";
export {
  DEPLOYMENT_ENVIRONMENTS,
  type DeploymentEnvironment,
  RETENTION_CLASSES,
  RETENTION_DAYS,
  type RetentionClass,
} from "./logs/retention.ts";
export { toLogrotate, toLokiRetention } from "./logs/rotation.ts";
export { currentScope, currentTraceId, type Scope, within } from "./scope.ts";
export type { TraceHeaders } from "./traces/parent.ts";
export type { Held, Origin, Tracing } from "./traces/ports.ts";
export { NO_TRACING, openTracing, type TraceExport } from "./traces/tracing.ts";
