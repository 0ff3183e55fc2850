import { directoryRepository, type Repository, s3Repository } from "@rempart/database/backup";
import type { RepositoryConfig } from "../backup-repository.ts";

/** Where the backups are kept. */
export function openRepository(config: RepositoryConfig): Repository {
  if (config.kind === "directory") return directoryRepository(config.path);
  const { bucket, prefix, region, endpoint, authorities, lockDays } = config;
  return s3Repository({
    bucket,
    prefix,
    region,
    // Stores that are not AWS's rarely have a host name for each bucket.
    ...(endpoint === null ? {} : { endpoint, pathStyle: true }),
    ...(authorities === null ? {} : { authorities }),
    ...(lockDays === 0 ? {} : { lock: { mode: "COMPLIANCE", days: lockDays } as const }),
  });
}
