import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type OtherPostgres, startDebianPostgres } from "./other-postgres.ts";

export interface TestPgAudit extends OtherPostgres {
  /** What the server has written so far, in CSV. */
  auditLog(): Promise<string>;
}

/** Debian's PostgreSQL 15 with pgAudit loaded, with these further settings. Ask `requireService("pgaudit")` first whether there is one. */
export async function startPgAudit(settings: Readonly<Record<string, string>> = {}): Promise<TestPgAudit> {
  const server = await startDebianPostgres({ service: "pgaudit", settings: { ...LOGGING, ...settings } });
  return { ...server, auditLog: () => readLogs(join(server.dataDirectory, "log")) };
}

const LOGGING = {
  shared_preload_libraries: "pgaudit",
  logging_collector: "on",
  log_destination: "csvlog",
  log_directory: "log",
};

async function readLogs(directory: string): Promise<string> {
  const files = (await readdir(directory)).filter((name) => name.endsWith(".csv"));
  const texts = await Promise.all(files.toSorted().map((name) => readFile(join(directory, name), "utf8")));
  return texts.join("");
}
