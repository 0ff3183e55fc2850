export { type Environment, readConfig } from "./config.ts";
export { describeConfig, type VariableDescription } from "./config-description.ts";
export type {
  BreakerDeclaration,
  DependencyDeclaration,
  FailureMode,
  RetryDeclaration,
} from "./dependency/declaration.ts";
export {
  type CallOptions,
  type Dependency,
  type DependencyHealth,
  type DependencyPorts,
  dependency,
} from "./dependency/dependency.ts";
export type {
  CallOutcome,
  CallTracer,
  CircuitStateName,
  DependencyEvent,
  DependencyObserver,
} from "./dependency/events.ts";
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
export { closeServer, listen } from "./listening.ts";
export { type Logger, silentLogger } from "./logger.ts";
export { type MainOptions, main } from "./main.ts";
export { repeat } from "./repeat.ts";
export { Secret } from "./secret.ts";
export { installSignals, type Signals } from "./signals.ts";
export { timeLimit } from "./time-limit.ts";
