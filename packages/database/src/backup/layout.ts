/** Where things stand in a repository. */

export const MANIFESTS = "backups/";

export function manifestName(id: string): string {
  return `${MANIFESTS}${id}/manifest`;
}

export function packName(id: string, index: number): string {
  return `${MANIFESTS}${id}/pack-${String(index).padStart(6, "0")}`;
}

export function walFolder(systemIdentifier: string): string {
  return `wal/${systemIdentifier}/`;
}

export function walObject(systemIdentifier: string, name: string): string {
  return walFolder(systemIdentifier) + name;
}

/** What the server says of its log at times; replaced each time. */
export function tipName(systemIdentifier: string): string {
  return `tips/${systemIdentifier}`;
}

export const LOCKS = "locks/";

/** Whose turn it is, of the processes that keep one schedule. */
export function turnFolder(duty: string): string {
  return `turns/${duty}/`;
}
