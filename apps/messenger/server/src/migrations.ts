import type { MigrationSource } from "@rempart/database";

/** Applied after identity's: these tables refer to its users. */
export const messengerMigrations: MigrationSource = {
  name: "messenger",
  directory: new URL("../migrations/", import.meta.url),
};
