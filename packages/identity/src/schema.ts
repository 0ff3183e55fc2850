/** What tables there are and what goes of them in time, for who looks after a database and signs nobody in. */
export { identityMigrations } from "./migrations.ts";
export { identityPurges } from "./purges.ts";
