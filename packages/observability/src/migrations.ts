/** For the migrations of `@rempart/database`. */
export const observabilityMigrations = {
  name: "observability",
  directory: new URL("../migrations/", import.meta.url),
};
