import type { MigrationSource } from "@rempart/database";

/** The tables of this package, for `migrate`. */
export const identityMigrations: MigrationSource = {
  name: "identity",
  directory: new URL("../migrations/", import.meta.url),
};
