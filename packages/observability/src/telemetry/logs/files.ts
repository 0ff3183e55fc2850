import { join } from "node:path";
import { pino } from "pino";
import type { LineDestination } from "./logger.ts";
import { RETENTION_CLASSES, type RetentionClass } from "./retention.ts";

/**
 * `application.log`, `access.log` and `audit.log` in a directory, appended to, so that a rotation that copies and truncates loses
 * no place. The directory is made; the files are for the owner and its group to read.
 */
export function logFiles(directory: string): Readonly<Record<RetentionClass, LineDestination>> {
  const open = (name: string): LineDestination =>
    pino.destination({ dest: join(directory, name), append: true, mkdir: true, sync: true, mode: 0o640 });
  const entries = RETENTION_CLASSES.map((retention) => [retention, open(logFileName(retention))]);
  return Object.fromEntries(entries) as Record<RetentionClass, LineDestination>;
}

export function logFileName(retention: RetentionClass): string {
  return `${retention}.log`;
}
