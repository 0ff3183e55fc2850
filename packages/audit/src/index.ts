export { AuditError, type AuditErrorCode } from "./errors.ts";
export { type Sequencer, type SequencerOptions, startSequencer } from "./log/sequencer.ts";
export { auditMigrations } from "./migrations.ts";
export { nodePrimitives } from "./node-primitives.ts";
export { directoryStore } from "./objects/directory.ts";
export type { ObjectStore } from "./ports.ts";
