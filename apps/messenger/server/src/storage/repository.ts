import { directoryRepository, type Repository } from "@rempart/database/backup";
import type { RepositoryConfig } from "../backup-repository.ts";
import { s3In } from "../object-place.ts";

/** Where the backups are kept. */
export function openRepository(config: RepositoryConfig): Repository {
  if (config.kind === "directory") return directoryRepository(config.path);
  return s3In(config, config.lockDays === 0 ? {} : { lock: { mode: "COMPLIANCE", days: config.lockDays } });
}
