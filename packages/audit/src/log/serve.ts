import type { ObjectStore } from "../ports.ts";
import { parseTilePath } from "../tree/tiles.ts";
import { CHECKPOINT_PATH } from "./objects.ts";

/** A file of the log as HTTP gives it (C2SP tlog-tiles). */
export interface LogFile {
  readonly contentType: string;
  readonly cacheControl: string;
  readonly body: Uint8Array;
}

const IMMUTABLE = "public, max-age=31536000, immutable";

const GENERATION = /^(?:[2-9]|[1-9]\d{1,3})\//;

/**
 * Null: there is no such file. `path` is what follows the prefix of the installation's first log, without a leading slash;
 * continuations of it stand below their number.
 */
export async function logFile(objects: ObjectStore, path: string): Promise<LogFile | null> {
  const within = path.replace(GENERATION, "");
  if (within === CHECKPOINT_PATH) {
    const body = await objects.get(path);
    return body && { contentType: "text/plain; charset=utf-8", cacheControl: "no-cache", body };
  }
  if (parseTilePath(within) === null) return null;
  const body = await objects.get(path);
  return body && { contentType: "application/octet-stream", cacheControl: IMMUTABLE, body };
}
