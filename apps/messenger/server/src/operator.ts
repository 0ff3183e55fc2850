/** What an operator's commands are made of. Nothing here loads the server, nor what one command alone needs. */
export {
  type DatabaseConfig,
  type MessengerConfig,
  messengerVariables,
  readMessengerConfig,
} from "./config.ts";
export { sweepDrills } from "./drill/drills.ts";
export type { Installation } from "./installation.ts";
export { messengerMigrations } from "./migrations.ts";
export { ENVELOPE_COLUMNS, envelopeSources } from "./storage/envelope-columns.ts";
export { openKeyProvider } from "./storage/keyring.ts";
export { countOldMedia, forgetOldMedia, listOldMedia, type OldMedia } from "./storage/old-media.ts";
export { type Maintenance, openMaintenance } from "./storage/open.ts";
export { type OperatorBackups, operatorBackups } from "./storage/operator-backups.ts";
export { type OtherEngine, otherEngine } from "./storage/other-engines.ts";
export { messengerPurges } from "./storage/purges.ts";
