export { BackupError, type BackupErrorCode } from "./errors.ts";
export type * from "./ports.ts";
export { directoryRepository } from "./repository/directory.ts";
