export { createWalArchiver, type WalArchiver } from "./archive/archiver.ts";
export type { BackupSource } from "./builtin/base-backup.ts";
export { type BuiltInEngineOptions, builtInEngine } from "./builtin/engine.ts";
export type { RecoveryPrograms } from "./builtin/restore.ts";
export { BackupError, type BackupErrorCode } from "./errors.ts";
export type { BackupManifest } from "./manifest.ts";
export type * from "./ports.ts";
export { directoryRepository } from "./repository/directory.ts";
