import { createWriteStream } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import {
  type AuditRecord,
  type ExportFormat,
  type Finding,
  LogReader,
  nodePrimitives,
  readableLine,
  signerKeys,
  verifyLog,
} from "@rempart/audit";
import { formatVerifierKey, judgeProof, parseProofFile, treeHash } from "@rempart/audit/verify";
import { isUuid, systemClock } from "@rempart/kernel";
import type { Installation } from "@rempart/messenger-server/operator";
import { Command, InvalidArgumentError, Option } from "commander";
import { wholeNumber } from "../arguments/number.ts";
import { type FilterOptions, queryOf, withFilters } from "../audit/filters.ts";
import { placeOf, proofLines } from "../audit/proofs.ts";
import { keys, policyOf, type TrustOptions, withTrust } from "../audit/trust.ts";
import { witnessCommand } from "../audit/witness.ts";
import { confirmed } from "../confirm.ts";
import { withInstallation } from "../installation.ts";
import { operatorName } from "../operator.ts";
import { refuse } from "../refuse.ts";
import { type JsonOption, report, say } from "../report.ts";
import { table } from "../table.ts";

export function auditCommand(): Command {
  return new Command("audit")
    .description("read, verify, prove and export the log of what happened")
    .addCommand(tailCommand())
    .addCommand(queryCommand())
    .addCommand(verifyCommand())
    .addCommand(proveCommand())
    .addCommand(checkCommand())
    .addCommand(exportCommand())
    .addCommand(keysCommand())
    .addCommand(retentionCommand())
    .addCommand(repairCommand())
    .addCommand(continueCommand())
    .addCommand(witnessCommand());
}

const POLL_MS = 1_000;

interface TailOptions extends FilterOptions, JsonOption {
  readonly lines: number;
  readonly follow?: boolean;
}

function tailCommand(): Command {
  return withFilters(new Command("tail"))
    .description("the last entries, and those that come")
    .option("-n, --lines <count>", "how many to begin with", wholeNumber(1), 20)
    .option("-f, --follow", "go on until it is ended")
    .option("--json", "print JSON lines")
    .action((options: TailOptions) =>
      withInstallation(async ({ audit }) => {
        const query = queryOf(options);
        const { records } = await audit.query(query, { limit: options.lines });
        show(records.toReversed(), options);
        if (options.follow) await follow(records[0], options, audit);
      }),
    );
}

async function follow(
  last: AuditRecord | undefined,
  options: TailOptions,
  audit: Installation["audit"],
): Promise<void> {
  const ended = new AbortController();
  process.once("SIGINT", () => ended.abort());
  process.once("SIGTERM", () => ended.abort());
  const seen = new Set(last === undefined ? [] : [last.id]);
  let from = last?.time ?? systemClock.now();
  while (!ended.signal.aborted) {
    const { records } = await audit.query({ ...queryOf(options), from }, { oldestFirst: true, limit: 1_000 });
    const fresh = records.filter(({ id }) => !seen.has(id));
    show(fresh, options);
    for (const { id } of fresh) seen.add(id);
    from = fresh.at(-1)?.time ?? from;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function show(records: readonly AuditRecord[], { json }: JsonOption): void {
  for (const record of records)
    process.stdout.write(json ? `${JSON.stringify(record)}\n` : readableLine(record));
}

interface QueryOptions extends FilterOptions, JsonOption {
  readonly limit: number;
  readonly after?: string;
}

function cursorOf(text: string): string {
  if (!isUuid(text))
    throw new InvalidArgumentError("Expected where a page ended, as the page before told it.");
  return text;
}

function queryCommand(): Command {
  return withFilters(new Command("query"))
    .description("entries, the newest first")
    .option("--limit <count>", "how many at most", wholeNumber(1), 100)
    .option("--after <cursor>", "go on where a page ended", cursorOf)
    .option("--json", "print JSON")
    .action((options: QueryOptions) =>
      withInstallation(async ({ audit }) => {
        const after = options.after === undefined ? {} : { after: options.after };
        const page = await audit.query(queryOf(options), { limit: options.limit, ...after });
        if (options.json) return say(JSON.stringify(page));
        show(page.records, options);
        if (page.next !== null) process.stderr.write(`more: --after ${page.next}\n`);
      }),
    );
}

interface VerifyOptions extends TrustOptions, JsonOption {
  readonly from?: number;
  readonly to?: number;
}

function verifyCommand(): Command {
  return withTrust(new Command("verify"))
    .description("compare the database and the published files with the signed tree, entry by entry")
    .option("--from <index>", "compare contents from this place on", wholeNumber(0))
    .option("--to <index>", "up to, not including, this one", wholeNumber(0))
    .option("--json", "print JSON")
    .action((options: VerifyOptions) =>
      withInstallation(async (installation) => {
        const policy = await policyOf(options, installation);
        if (policy === null) return;
        const { database, auditObjects, audit } = installation;
        const result = await verifyLog({
          database,
          objects: auditObjects,
          primitives: nodePrimitives,
          policy,
          now: systemClock.now(),
          addressOf: audit.addressOf,
          ...(options.from === undefined ? {} : { from: options.from }),
          ...(options.to === undefined ? {} : { to: options.to }),
          onProgress: (done, size) => tellProgress(done, size),
        });
        const good = result.findings.length === 0;
        const text = good
          ? `${result.checked} entries are as they were signed; ${result.pruned} of them had their body pruned when its time was over`
          : `${findingTable(result.findings)}\n${result.findings.length + result.more} findings in ${result.size} entries`;
        report(options, result, text);
        if (!good) process.exitCode = 1;
      }),
    );
}

function tellProgress(done: number, size: number): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${done} of ${size}${done === size ? "\n" : ""}`);
}

function findingTable(findings: readonly Finding[]): string {
  const rows = findings.map(({ kind, index, entryId, detail }) => [
    kind,
    String(index ?? "–"),
    entryId ?? "–",
    detail,
  ]);
  return table([["finding", "place", "entry", "detail"], ...rows]);
}

function proveCommand(): Command {
  return new Command("prove")
    .description("a proof that an entry stands in the log, which can be checked without the log")
    .argument("<entry>", "its id or its place")
    .option("--out <file>", "where to write it; standard output unless told")
    .action((entry: string, { out }: { out?: string }) =>
      withInstallation(async ({ database, auditObjects }) => {
        const reader = new LogReader(auditObjects, treeHash(nodePrimitives.sha256));
        const head = await reader.head();
        const place = await placeOf(database, entry);
        if (head === null || place === null || place >= head.size)
          return refuse("The log has no such entry, or it is not published yet: try again in a second.");
        const proof = await reader.proofFile(place, head, await reader.entry(place, head.size));
        if (out === undefined) process.stdout.write(proof);
        else await writeFile(out, proof);
      }),
    );
}

function checkCommand(): Command {
  return withTrust(new Command("check"))
    .description("check a proof without the log and without a network; needs --key")
    .argument("<file>", "as `audit prove` wrote it")
    .option("--json", "print JSON")
    .action(async (file: string, options: TrustOptions & JsonOption) => {
      const policy = await policyOf(options, null);
      if (policy === null) return;
      const bytes = await readFile(file);
      const entry = parseProofFile(bytes)?.extra ?? new Uint8Array(0);
      const judged = await judgeProof(nodePrimitives, entry, bytes, policy);
      if (!judged.ok) {
        report(options, judged, `not proven: ${judged.reason}`);
        process.exitCode = 1;
        return;
      }
      const { index, checkpoint } = judged.value;
      const text = Buffer.from(entry).toString();
      const value = { ok: true, index, size: checkpoint.size, entry: JSON.parse(text) };
      report(options, value, `entry ${index} of ${checkpoint.size}:\n${text}`);
    });
}

interface ExportOptions extends FilterOptions {
  readonly format: ExportFormat;
  readonly out?: string;
  readonly proofs?: boolean;
}

function exportCommand(): Command {
  return withFilters(new Command("export"))
    .description("entries as lines, the oldest first")
    .addOption(
      new Option("--format <format>", "what each line is").choices(["jsonl", "csv"]).default("jsonl"),
    )
    .option(
      "--proofs",
      "JSON lines with each entry's proof, and the signed head they hold under as the last line",
    )
    .option("--out <file>", "where to write; standard output unless told")
    .action((options: ExportOptions) =>
      withInstallation(async ({ audit, database, auditObjects }) => {
        const query = queryOf(options);
        const lines = options.proofs
          ? proofLines(audit, new LogReader(auditObjects, treeHash(nodePrimitives.sha256)), query)
          : audit.export(query, options.format);
        await recordExport({ audit, database }, options);
        const target =
          options.out === undefined ? process.stdout : createWriteStream(options.out, { mode: 0o600 });
        await pipeline(Readable.from(lines), target, { end: options.out !== undefined });
      }),
    );
}

/** Before the first line leaves: an export that nobody can see did not happen in secret. */
async function recordExport(
  { audit, database }: Pick<Installation, "audit" | "database">,
  { format, proofs = false, out, ...filters }: ExportOptions,
): Promise<void> {
  const metadata = { format, proofs, out, filters, operator: operatorName() };
  await audit.record(database, {
    type: "audit.exported",
    resource: { type: "audit-log", id: "export", metadata },
  });
}

function keysCommand(): Command {
  return new Command("keys")
    .description(
      "the keys this log was signed with, the newest first: keep them where the log's administrators cannot write",
    )
    .option("--json", "print JSON")
    .action((options: JsonOption) =>
      withInstallation(async ({ database }) => {
        const keys = (await signerKeys(database)).map(formatVerifierKey);
        report(options, keys, keys.join("\n"));
      }),
    );
}

function repairCommand(): Command {
  return new Command("repair")
    .description(
      "write published files anew that were lost or damaged, when the database proves what was signed; refused when it does not",
    )
    .option("--key <key...>", "the log's key, from where nobody who may have changed the log can write", keys)
    .option("--json", "print JSON")
    .action((options: Pick<TrustOptions, "key"> & JsonOption) =>
      withInstallation(async (installation) => {
        const policy = await policyOf(options, installation);
        if (policy === null) return;
        const { size, files, beyond } = await installation.repairAuditLog(policy);
        const lines = [
          ...files.map((file) => `${file}: written anew`),
          ...beyond.map((file) => `${file}: stays as it is, of its entries some are pruned`),
          `${files.length} files were written anew for the head of ${size} entries`,
        ];
        report(options, { size, files, beyond }, lines.join("\n"));
        if (beyond.length > 0) process.exitCode = 1;
      }),
    );
}

function continueCommand(): Command {
  return new Command("continue")
    .description(
      "after a restore from an older copy: begin another log, which names the head that was given up; refused while the log can go on",
    )
    .option("--yes", "do not ask")
    .option("--json", "print JSON")
    .action((options: JsonOption & { readonly yes?: boolean }) =>
      withInstallation(async (installation) => {
        const question = "End the published log and begin another, under a new name and key?";
        if (!(await confirmed(question, "continue", options.yes ?? false))) return;
        const { origin, after, kept } = await installation.continueAuditLog();
        const text = `${origin} goes on with ${kept} entries; ${after.origin} ended with ${after.size}. Restart the messenger, and tell the new key (audit keys) to whoever verifies.`;
        report(options, { origin, kept, after: { origin: after.origin, size: after.size } }, text);
      }),
    );
}

interface RetentionOptions extends JsonOption {
  readonly apply?: boolean;
  readonly yes?: boolean;
}

function retentionCommand(): Command {
  return new Command("retention")
    .description(
      "how long entries are kept, and how many are over; --apply removes their bodies and keeps their leaves",
    )
    .option("--apply", "remove what is over now instead of within the hour")
    .option("--yes", "do not ask")
    .option("--json", "print JSON")
    .action((options: RetentionOptions) =>
      withInstallation(async ({ audit, database }) => {
        if (!options.apply) return showRetention(database, options);
        const question = "Remove the bodies of entries that have outlived their class?";
        if (!(await confirmed(question, "remove", options.yes ?? false))) return;
        const pruned = await audit.prune();
        const count = pruned.reduce((sum, { entries }) => sum + entries, 0);
        report(options, pruned, `${count} bodies were removed`);
      }),
    );
}

async function showRetention(database: Installation["database"], options: JsonOption): Promise<void> {
  const rows = await database.query<{ class: string; keep_days: number; entries: number; over: number }>(
    `SELECT r.class, r.keep_days, count(e.id) AS entries,
            count(e.id) FILTER (WHERE e.created_at < now() - make_interval(days => r.keep_days)) AS over
     FROM audit_retention r LEFT JOIN audit_entries e ON e.retention = r.class
     GROUP BY r.class, r.keep_days ORDER BY r.class`,
  );
  const lines = rows.map((row) => [row.class, String(row.keep_days), String(row.entries), String(row.over)]);
  report(options, rows, table([["class", "days", "entries", "over"], ...lines]));
}
