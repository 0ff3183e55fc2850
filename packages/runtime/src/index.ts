export { type Environment, readConfig } from "./config.ts";
export { describeConfig, type VariableDescription } from "./config-description.ts";
export { RuntimeError, type RuntimeErrorCode } from "./errors.ts";
export * as fields from "./fields.ts";
export {
  type Component,
  createLifecycle,
  type Lifecycle,
  type LifecycleOptions,
  type LifecycleState,
  type RunOptions,
  run,
} from "./lifecycle.ts";
export { type Logger, silentLogger } from "./logger.ts";
export { Secret } from "./secret.ts";
export { installSignals, type Signals } from "./signals.ts";
