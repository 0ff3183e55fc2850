/** What an operator's commands are made of. Nothing here loads the server, and a command starts in half the time. */
export {
  type DatabaseConfig,
  type MessengerConfig,
  messengerVariables,
  readMessengerConfig,
} from "./config.ts";
export { type Installation, openInstallation } from "./installation.ts";
export { messengerMigrations } from "./migrations.ts";
export { alertDesk } from "./monitoring/desk.ts";
export { alertReceivers } from "./monitoring/receivers.ts";
export { backupEngine } from "./storage/backups.ts";
export { ENVELOPE_COLUMNS, envelopeSources } from "./storage/envelope-columns.ts";
export { openKeyProvider, openKeyring } from "./storage/keyring.ts";
export { type Maintenance, openMaintenance } from "./storage/open.ts";
export { messengerPurges } from "./storage/purges.ts";
export { restoreHooks } from "./storage/restore-hooks.ts";
