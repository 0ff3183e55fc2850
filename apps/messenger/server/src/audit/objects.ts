import { directoryStore, type ObjectStore, repositoryStore } from "@rempart/audit";
import { type ObjectPlace, s3In } from "../object-place.ts";

/** Where an installation publishes its log. */
export function auditObjects(place: ObjectPlace): ObjectStore {
  return place.kind === "directory" ? directoryStore(place.path) : repositoryStore(s3In(place));
}
