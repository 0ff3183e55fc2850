import type { MigrationSource } from "@rempart/database";

export const auditMigrations: MigrationSource = {
  name: "audit",
  directory: new URL("../migrations/", import.meta.url),
};
