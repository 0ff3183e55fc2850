import { directoryStore, type ObjectStore, repositoryStore } from "@rempart/audit";
import { s3Repository } from "@rempart/database/backup";
import type { AuditPlace } from "./place-variables.ts";

/** Where an installation publishes its log. */
export function auditObjects(place: AuditPlace): ObjectStore {
  if (place.kind === "directory") return directoryStore(place.path);
  const { bucket, prefix, region, endpoint } = place;
  // Stores that are not AWS's rarely have a host name for each bucket.
  const elsewhere = endpoint === null ? {} : { endpoint, pathStyle: true };
  return repositoryStore(s3Repository({ bucket, prefix, region, ...elsewhere }));
}
