import { auditMigrations } from "@rempart/audit";
import type { MigrationSource } from "@rempart/database";
import { erasureMigrations } from "@rempart/database/backup";
import { identityMigrations } from "@rempart/identity/schema";
import { keysMigrations } from "@rempart/keys";
import { observabilityMigrations } from "@rempart/observability/migrations";

const own: MigrationSource = { name: "messenger", directory: new URL("../migrations/", import.meta.url) };

/** Every table of an installation, in the order they are made: the messenger's own refer to identity's users. */
export const messengerMigrations: readonly MigrationSource[] = [
  auditMigrations,
  identityMigrations,
  keysMigrations,
  observabilityMigrations,
  erasureMigrations,
  own,
];
