export { type ArchiverOptions, createWalArchiver, type WalArchiver } from "./archive/archiver.ts";
export { heldBack } from "./archive/held-back.ts";
export type { BackupSource } from "./builtin/base-backup.ts";
export { type BuiltInEngineOptions, builtInEngine } from "./builtin/engine.ts";
export type { RecoveryPrograms } from "./builtin/finish.ts";
export { type AskedSideDrill, answerDrill } from "./drill/answer-drill.ts";
export type { CheckOutcome, DrillCheck } from "./drill/checks.ts";
export type { DrillOptions } from "./drill/drill.ts";
export { drillAside, type SideDrillOptions } from "./drill/drill-aside.ts";
export { drill } from "./drill/recorded.ts";
export { type DrillHistory, type DrillRecord, readDrills } from "./drill/records.ts";
export type { DrillReport, RecoveryTime } from "./drill/report.ts";
export { DRILLS, removeAbandonedDrills } from "./drill/throw-away-place.ts";
export { type DumpEngine, type DumpEngineOptions, dumpEngine } from "./dump/engine.ts";
export { type GpgArchiveOptions, isGpgArchive, restoreGpgArchive } from "./dump/gpg-archive.ts";
export { drillEmbedded, type EmbeddedDrillOptions } from "./embedded-drill.ts";
export {
  type EmbeddedRestoreOptions,
  type EmbeddedRestoreReport,
  restoreEmbedded,
} from "./embedded-restore.ts";
export {
  type ErasureKeeper,
  type ErasureKeeperOptions,
  erasureKeeper,
  erasureMigrations,
  shipErasures,
  type WaitingErasures,
  waitingErasures,
} from "./erasures/keeper.ts";
export type { Erasure } from "./erasures/page.ts";
export {
  type ErasureKind,
  findErased,
  type ReplayOptions,
  type ReplayReport,
  replayErasures,
} from "./erasures/replay.ts";
export { BackupError, type BackupErrorCode } from "./errors.ts";
export type { BackupManifest } from "./manifest.ts";
export type { PgBackRestBucket, S3Credentials } from "./pgbackrest/configuration.ts";
export { type PgBackRestEngine, type PgBackRestOptions, pgBackRestEngine } from "./pgbackrest/engine.ts";
export type * from "./ports.ts";
export { directoryRepository } from "./repository/directory.ts";
export type { S3RepositoryOptions, StorageClass } from "./repository/s3/options.ts";
export { s3Repository } from "./repository/s3/repository.ts";
export type { RetentionPolicy } from "./retention/plan.ts";
export { type PruneOptions, type PruneReport, pruneBackups } from "./retention/prune.ts";
export { type BackupScheduleOptions, backupSchedule } from "./schedule/backup-schedule.ts";
export { type DrillScheduleOptions, drillSchedule } from "./schedule/drill-schedule.ts";
export { type LogKeeperOptions, logKeeper } from "./schedule/log-keeper.ts";
export { type PruneScheduleOptions, pruneSchedule } from "./schedule/prune-schedule.ts";
