export { postgresqlConf } from "./configure/fragment.ts";
export { type PoolerOptions, pgbouncerIni } from "./configure/pgbouncer.ts";
export type { ConfigureOptions } from "./configure/settings.ts";
export type { Machine } from "./configure/sizes.ts";
export {
  countPurge,
  type Purge,
  type PurgeOptions,
  type PurgeProgress,
  type PurgeResult,
  purgeBatch,
  runPurge,
} from "./purge.ts";
export { type Reindexed, type ReindexOptions, reindex, reindexTargets } from "./reindex.ts";
export {
  type Vacuumed,
  type VacuumOptions,
  type VacuumTarget,
  vacuum,
  vacuumTargets,
} from "./vacuum.ts";
