import type { ObjectStore } from "../ports.ts";
import { parseTilePath } from "../tree/tiles.ts";
import { CHECKPOINT_PATH } from "./objects.ts";

/** A file of the log as HTTP gives it (C2SP tlog-tiles). */
export interface LogFile {
  readonly contentType: string;
  readonly cacheControl: string;
  readonly body: Uint8Array;
}

const GENERATION = /^(?:[2-9]|[1-9]\d{1,3})\//;

/** All but the head is what it is for good. */
export function cacheControlOf(path: string): string {
  return withinLog(path) === CHECKPOINT_PATH ? "no-cache" : "public, max-age=31536000, immutable";
}

/**
 * Null: there is no such file. `path` is what follows the prefix of the installation's first log, without a leading slash;
 * continuations of it stand below their number.
 */
export async function logFile(objects: ObjectStore, path: string): Promise<LogFile | null> {
  const within = withinLog(path);
  const isHead = within === CHECKPOINT_PATH;
  if (!isHead && parseTilePath(within) === null) return null;
  const body = await objects.get(path);
  const contentType = isHead ? "text/plain; charset=utf-8" : "application/octet-stream";
  return body && { contentType, cacheControl: cacheControlOf(path), body };
}

function withinLog(path: string): string {
  return path.replace(GENERATION, "");
}
