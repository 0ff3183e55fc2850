import { DatabaseError } from "../../errors.ts";
import { type Machine, memoryText, sizesFor } from "./sizes.ts";

export interface Setting {
  readonly name: string;
  readonly value: string;
  readonly reason: string;
}

export interface SettingGroup {
  readonly title: string;
  readonly settings: readonly Setting[];
}

export interface ConfigureOptions extends Machine {
  /** What PostgreSQL runs for each finished segment of its log; without one the archive is left as it is. */
  readonly archiveCommand?: string;
  /** Loads pgAudit and has it tell of roles, definitions and writes. */
  readonly pgaudit?: boolean;
}

const GIB = 1024 ** 3;

function assertOptions({ memoryBytes, cpus, connections, archiveCommand = "" }: ConfigureOptions): void {
  const inside = (value: number, least: number, most: number): boolean => value >= least && value <= most;
  if (!inside(memoryBytes, GIB / 2, 4096 * GIB)) throw outside("memory", "512MB to 4096GB");
  if (!Number.isInteger(cpus) || !inside(cpus, 1, 1024)) throw outside("cpus", "1 to 1024");
  if (!Number.isInteger(connections) || !inside(connections, 10, 10_000))
    throw outside("connections", "10 to 10000");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a line break would begin another setting.
  if (/[\u0000-\u001f\u007f]/.test(archiveCommand))
    throw new DatabaseError("invalid-value", "the archive command must be one line");
}

function outside(name: string, bounds: string): DatabaseError {
  return new DatabaseError("invalid-value", `${name} must be from ${bounds}`);
}

/** Every setting that differs from PostgreSQL's own for this machine, each with its reason. The same each time. Code: `invalid-value`. */
export function settingsFor(options: ConfigureOptions): readonly SettingGroup[] {
  assertOptions(options);
  return [
    { title: "Connections and memory", settings: memory(options) },
    { title: "Planner and disk", settings: planner(options) },
    { title: "Write-ahead log and checkpoints", settings: log(options) },
    { title: "Archive", settings: archive(options.archiveCommand) },
    { title: "Cleaning", settings: cleaning(options) },
    { title: "Insight", settings: insight(options) },
  ];
}

const set = (name: string, value: string | number, reason: string): Setting => ({
  name,
  value: String(value),
  reason,
});

function memory(options: ConfigureOptions): Setting[] {
  const sizes = sizesFor(options);
  return [
    set("max_connections", options.connections, "sessions; behind a pool far fewer work at a time"),
    set(
      "shared_buffers",
      memoryText(sizes.sharedBuffers),
      "a quarter of the memory; the system caches the rest",
    ),
    set(
      "effective_cache_size",
      memoryText(sizes.effectiveCacheSize),
      "what the planner may expect to be cached, by the system too",
    ),
    set(
      "work_mem",
      memoryText(sizes.workMem),
      "one sort; a quarter of the sessions sorting at a time take 5/16 of the memory",
    ),
    set("maintenance_work_mem", memoryText(sizes.maintenanceWorkMem), "building an index or vacuuming, each"),
    set("huge_pages", "try", "smaller page tables where the system has them"),
  ];
}

function planner({ storage, cpus }: ConfigureOptions): Setting[] {
  const ssd = storage === "ssd";
  const gather = Math.max(1, Math.min(4, Math.floor(cpus / 2)));
  return [
    set(
      "random_page_cost",
      ssd ? "1.1" : "4",
      ssd ? "a page out of order costs next to nothing more" : "a disk has to seek",
    ),
    set("effective_io_concurrency", ssd ? 200 : 2, "requests that the storage works on at a time"),
    set("max_worker_processes", Math.max(8, cpus), "one for each core, and some for extensions"),
    set("max_parallel_workers", cpus, "one for each core"),
    set("max_parallel_workers_per_gather", gather, "half the cores for one query, four at most"),
    set("max_parallel_maintenance_workers", gather, "the same for one index"),
    set("jit", "off", "compiling costs short queries more than it saves"),
  ];
}

function log(options: ConfigureOptions): Setting[] {
  const sizes = sizesFor(options);
  return [
    set("wal_level", "replica", "enough for archive, standby and point-in-time recovery"),
    set(
      "max_wal_size",
      memoryText(sizes.maxWalSize),
      "room between checkpoints, and for how long recovery reads",
    ),
    set("min_wal_size", memoryText(sizes.minWalSize), "kept for the next peak"),
    set(
      "checkpoint_timeout",
      "10min",
      "fewer whole pages in the log than with 5, and recovery still in minutes",
    ),
    set("checkpoint_completion_target", "0.9", "spread over nearly the whole interval"),
    set("wal_compression", "on", "whole pages shrink to less than half"),
  ];
}

/** With the time to store a segment, no write waits a minute for the archive, on a quiet database either. */
const ARCHIVE_TIMEOUT = "40s";

function archive(command: string | undefined): Setting[] {
  if (command === undefined) return [];
  return [
    set("archive_mode", "on", "every segment goes to the repository"),
    set(
      "archive_command",
      `'${command.replaceAll("'", "''")}'`,
      "says yes only once the segment is durable there",
    ),
    set(
      "archive_timeout",
      ARCHIVE_TIMEOUT,
      "the recovery point of a quiet database; off by default, which bounds nothing",
    ),
  ];
}

function cleaning({ cpus, storage }: ConfigureOptions): Setting[] {
  return [
    set("autovacuum_max_workers", Math.max(3, Math.min(8, Math.floor(cpus / 2))), "tables cleaned at a time"),
    set("autovacuum_vacuum_scale_factor", "0.05", "a large table is cleaned before a fifth of it is dead"),
    set("autovacuum_analyze_scale_factor", "0.02", "the planner hears of changes sooner"),
    set(
      "autovacuum_vacuum_cost_limit",
      storage === "ssd" ? 2000 : 400,
      "how fast all of them together may go",
    ),
    set(
      "idle_in_transaction_session_timeout",
      "60s",
      "a session that forgot its transaction holds locks and dead rows",
    ),
  ];
}

function insight({ pgaudit = false }: ConfigureOptions): Setting[] {
  const libraries = ["pg_stat_statements", ...(pgaudit ? ["pgaudit"] : [])];
  return [
    set("shared_preload_libraries", `'${libraries.join(",")}'`, "loaded at start; needs a restart"),
    set("pg_stat_statements.track_utility", "off", "what is typed into ALTER ROLE may be a password"),
    set("track_io_timing", "on", "how much of a statement is waiting for the disk"),
    set("log_lock_waits", "on", "waits longer than deadlock_timeout are told"),
    set("log_parameter_max_length", 0, "values belong to people, not into a log"),
    set("log_parameter_max_length_on_error", 0, "nor when a statement fails"),
    ...(pgaudit ? auditing() : []),
  ];
}

/** A second source beside the audit log of the application: what goes around it shows up here alone. */
function auditing(): Setting[] {
  return [
    set("pgaudit.log", "'write,ddl,role'", "what changes data, definitions and rights; reading is not told"),
    set("pgaudit.log_catalog", "off", "what tools ask of the catalogue is noise"),
    set("pgaudit.log_parameter", "off", "values belong to people, not into a log"),
    set("logging_collector", "on", "the log goes to files"),
    set("log_destination", "'csvlog'", "what `besideEntries` of the audit package reads"),
  ];
}
