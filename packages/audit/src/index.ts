export { type Audit, type AuditOptions, createAudit } from "./audit.ts";
export { type DetectorOptions, detectorSink, type Responder } from "./detection/detector.ts";
export type { Response, Rule, Suspicion, Target } from "./detection/rule.ts";
export { OFFICE_HOURS, type OfficeHours, privilegeOutsideHours, RULES } from "./detection/rules.ts";
export { AuditError, type AuditErrorCode } from "./errors.ts";
export type { Actor, AuditEvent } from "./events/event.ts";
export {
  EVENTS,
  type EventKind,
  type EventType,
  type RetentionClass,
  type Severity,
} from "./events/table.ts";
export { type Continued, type ContinueOptions, continueLog } from "./log/continue.ts";
export { isRefusal } from "./log/insert.ts";
export { logObjects } from "./log/objects.ts";
export type { LogSigner } from "./log/publish.ts";
export { LogReader, type PublishedHead } from "./log/reader.ts";
export { type Repaired, type RepairOptions, repairLog } from "./log/repair.ts";
export { type Sequencer, type SequencerOptions, startSequencer } from "./log/sequencer.ts";
export { type LogFile, logFile } from "./log/serve.ts";
export { openSigner, presentLog, type SignerOptions, signerKeys } from "./log/signer.ts";
export { auditMigrations } from "./migrations.ts";
export { nodePrimitives } from "./node-primitives.ts";
export { directoryStore } from "./objects/directory.ts";
export { repositoryStore } from "./objects/repository.ts";
export { type Accompanied, besideEntries } from "./pgaudit/beside.ts";
export { type PgAuditStatement, parsePgAudit } from "./pgaudit/csv-log.ts";
export type { ObjectStore } from "./ports.ts";
export { PRESETS, type Preset, type PresetName } from "./presets.ts";
export { discloseEntries, type PlacedDisclosure } from "./reading/disclose.ts";
export type { ExportFormat } from "./reading/export.ts";
export type { AuditPage, AuditQuery, PageOptions } from "./reading/query.ts";
export type { AuditRecord } from "./reading/record.ts";
export { type Forwarder, type ForwarderOptions, startForwarder } from "./sinks/forwarder.ts";
export { datadogSink, elasticsearchSink, lokiSink, splunkSink } from "./sinks/http.ts";
export { fileSink, readableLine, streamSink } from "./sinks/lines.ts";
export type { Sink } from "./sinks/sink.ts";
export { syslogSink } from "./sinks/syslog.ts";
export type { Finding, FindingKind, VerificationReport } from "./verification/finding.ts";
export { type VerifyFilesOptions, verifyFiles } from "./verification/verify-files.ts";
export { type VerifyOptions, verifyLog } from "./verification/verify-log.ts";
export { type VerifyRestoredOptions, verifyRestored } from "./verification/verify-restored.ts";
export type { WitnessAddress } from "./witness/client.ts";
export { MAX_REQUEST_BYTES as MAX_WITNESS_REQUEST_BYTES } from "./witness/request.ts";
export { witnessStore } from "./witness/store.ts";
export { type Fork, Witness, type WitnessAnswer, type WitnessOptions } from "./witness/witness.ts";
