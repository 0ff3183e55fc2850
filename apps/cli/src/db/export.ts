import { type ExportCompression, type ExportFormat, exportRows, type Queryable } from "@rempart/database";
import type { Installation } from "@rempart/messenger-server/operator";
import { Command, Option } from "commander";
import { CliError } from "../errors.ts";
import { withInstallation } from "../installation.ts";
import { operatorName } from "../operator.ts";
import { stoppable } from "./access.ts";
import { ExportFile } from "./export-file.ts";
import { exportProgress } from "./export-progress.ts";

interface Options {
  readonly format: ExportFormat;
  readonly compress: ExportCompression;
  readonly out?: string;
  readonly key?: string;
  readonly resume?: boolean;
}

export function exportCommand(): Command {
  return new Command("export")
    .description(
      "write a table's rows as CSV or JSON, to standard output or a file; one moment of the database, whatever its size",
    )
    .argument("<table>", "as `db tables` lists it")
    .addOption(
      new Option("--format <format>", "what each row is written as")
        .choices(["csv", "json", "jsonl"])
        .default("csv"),
    )
    .addOption(
      new Option("--compress <how>", "what the file is packed with")
        .choices(["none", "gzip", "zstd"])
        .default("none"),
    )
    .option("--out <file>", "a new file, mode 0600")
    .option("--key <column>", "unique and never null; the primary key unless told")
    .option("--resume", "go on where the file's export broke off; what follows is of a later moment")
    .action((table: string, options: Options) =>
      withInstallation(async (installation) => {
        assertResumable(options);
        const source = await findTable(installation.database, table, options.key);
        await record(installation, table);
        await stoppable((signal) => write(installation, source, options, signal));
      }),
    );
}

function assertResumable({ resume = false, out, format }: Options): void {
  if (resume && out === undefined)
    throw new CliError("not-written", "--resume needs the file: name it with --out");
  if (resume && format === "json")
    throw new CliError("not-written", "a JSON array cannot be gone on with: export as jsonl");
}

interface Source {
  /** What it is, for people. */
  readonly table: string;
  readonly select: string;
  readonly key: string;
  /** About how many rows there are. */
  readonly rows: number;
}

const FIND = `
  SELECT format('SELECT * FROM %s', c.oid::regclass) AS select, c.reltuples::bigint AS rows,
    (SELECT min(a.attname) FROM pg_index i JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey)
     WHERE i.indrelid = c.oid AND i.indisprimary HAVING count(*) = 1) AS key
  FROM pg_class c WHERE c.oid = to_regclass(quote_ident($1)) AND c.relkind IN ('r', 'p', 'm')`;

async function findTable(database: Queryable, table: string, key: string | undefined): Promise<Source> {
  const [found] = await database.query<{ select: string; rows: number; key: string | null }>(FIND, [table]);
  if (found === undefined) throw new CliError("not-set-up", `There is no table ${JSON.stringify(table)}`);
  const by = key ?? found.key;
  if (by === null)
    throw new CliError("not-set-up", `${table} has no primary key of one column: name one with --key`);
  return { table, select: found.select, rows: found.rows, key: by };
}

/** Before the first row leaves: whoever copies a table is remembered, also when the copy breaks off. */
async function record({ audit, database }: Installation, table: string): Promise<void> {
  const metadata = { operator: operatorName() };
  await database.transaction((tx) =>
    audit.record(tx, { type: "data.export", actor: {}, resource: { type: "table", id: table, metadata } }),
  );
}

async function write(
  { database }: Installation,
  source: Source,
  { format, compress, out, resume = false }: Options,
  signal: AbortSignal,
): Promise<void> {
  const { table, select, key, rows: total } = source;
  const of = `${table} by ${key} as ${format}, compression ${compress}`;
  await using file = out === undefined ? null : await ExportFile.open(out, of, resume);
  // What goes wrong there is told by the write.
  process.stdout.on("error", () => undefined);
  const progress = exportProgress(total);
  let reached: string | null = null;
  const rows = exportRows({
    database,
    select,
    key,
    format,
    compression: compress,
    ...(file?.after === undefined ? {} : { after: file.after }),
    onPage: ({ key, rows }) => {
      reached = key;
      progress.rows(rows);
    },
  });
  for await (const part of rows) {
    if (signal.aborted) break;
    if (reached !== null) await file?.mark(reached);
    reached = null;
    progress.bytes(part.length);
    await (file === null ? writeOut(part) : file.write(part));
  }
  progress.end();
  if (signal.aborted) process.exitCode = 1;
  else await file?.finish();
}

/** Resolves when it is taken, so that no more is asked for than is read. */
function writeOut(part: Uint8Array): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  process.stdout.write(part, (cause) => {
    if (cause) reject(new CliError("not-written", "standard output takes nothing more", { cause }));
    else resolve();
  });
  return promise;
}
