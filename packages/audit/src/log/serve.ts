import type { ObjectStore } from "../ports.ts";
import { parseTilePath } from "../tree/tiles.ts";
import { CHECKPOINT_PATH } from "./publish.ts";

/** A file of the log as HTTP gives it (C2SP tlog-tiles). */
export interface LogFile {
  readonly contentType: string;
  readonly cacheControl: string;
  readonly body: Uint8Array;
}

const IMMUTABLE = "public, max-age=31536000, immutable";

/** Null: the log has no such file. `path` is what follows the log's prefix, without a leading slash. */
export async function logFile(objects: ObjectStore, path: string): Promise<LogFile | null> {
  if (path === CHECKPOINT_PATH) {
    const body = await objects.get(path);
    return body && { contentType: "text/plain; charset=utf-8", cacheControl: "no-cache", body };
  }
  if (parseTilePath(path) === null) return null;
  const body = await objects.get(path);
  return body && { contentType: "application/octet-stream", cacheControl: IMMUTABLE, body };
}
