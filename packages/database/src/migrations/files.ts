import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { DatabaseError } from "../errors.ts";
import { transactionControl } from "./transaction-control.ts";

/** A package's migrations: files `0001-name.sql` in one directory, applied in the order of their names. */
export interface MigrationSource {
  /** Unique among the sources of a database, and for ever: applied files are recorded under it. */
  name: string;
  directory: URL;
}

export interface MigrationFile {
  source: string;
  name: string;
  sql: string;
  /** SHA-256 of the file, line ends normalised, in hexadecimal. */
  checksum: string;
  /** False when the first line is `-- no-transaction`: for statements that refuse one, such as CREATE INDEX CONCURRENTLY. */
  transactional: boolean;
}

const FILE_NAME = /^\d{4}-[a-z0-9]+(?:-[a-z0-9]+)*\.sql$/;
const OPT_OUT = /^-- no-transaction\s*$/m;

/** The files of a source in order. Throws `migration-invalid`. */
export async function readMigrations(source: MigrationSource): Promise<MigrationFile[]> {
  const names = (await listDirectory(source)).filter((name) => name.endsWith(".sql")).sort();
  assertNames(source.name, names);
  return Promise.all(names.map((name) => readMigration(source, name)));
}

async function listDirectory(source: MigrationSource): Promise<string[]> {
  try {
    return await readdir(source.directory);
  } catch (cause) {
    throw new DatabaseError("migration-invalid", `Cannot read the migrations of ${source.name}`, { cause });
  }
}

function assertNames(source: string, names: readonly string[]): void {
  for (const [index, name] of names.entries()) {
    if (!FILE_NAME.test(name)) throw invalid(source, name, "must be named like 0001-add-users.sql");
    if (name.slice(0, 4) === names[index - 1]?.slice(0, 4))
      throw invalid(source, name, "shares its number with another file");
  }
}

async function readMigration(source: MigrationSource, name: string): Promise<MigrationFile> {
  const sql = (await readFile(new URL(name, withSlash(source.directory)), "utf8")).replaceAll("\r\n", "\n");
  if (sql.trim() === "") throw invalid(source.name, name, "is empty");
  const transactional = !OPT_OUT.test(firstLine(sql));
  const control = transactional ? transactionControl(sql) : undefined;
  if (control !== undefined)
    throw invalid(source.name, name, `must not say ${control}: it runs in one transaction as a whole`);
  return {
    source: source.name,
    name,
    sql,
    checksum: createHash("sha256").update(sql).digest("hex"),
    transactional,
  };
}

function firstLine(sql: string): string {
  return sql.slice(0, sql.indexOf("\n") + 1 || sql.length);
}

function withSlash(directory: URL): URL {
  return directory.href.endsWith("/") ? directory : new URL(`${directory.href}/`);
}

function invalid(source: string, name: string, problem: string): DatabaseError {
  return new DatabaseError("migration-invalid", `Migration ${source}/${name} ${problem}`, {
    details: { source, name },
  });
}
