import { qualified } from "../../sql-names.ts";
import type { Finding } from "../finding.ts";
import type { CatalogueSnapshot, TableFacts } from "../snapshot.ts";

/** Somewhat late is autovacuum's way of working; twice its own threshold is behind. */
const BEHIND = 2;

export function autovacuumLag(snapshot: CatalogueSnapshot): Finding[] {
  if (snapshot.settings.autovacuum === "off") return [switchedOff()];
  return snapshot.tables.flatMap((table) => [
    ...(isOff(table) ? [tableOff(table)] : deadRows(snapshot, table)),
    ...staleStatistics(snapshot, table),
  ]);
}

function isOff({ options }: TableFacts): boolean {
  return options.autovacuum_enabled === "false" || options.autovacuum_enabled === "off";
}

/** The table's own option, else the server's setting. Documentation, 25.1.6. */
function threshold(snapshot: CatalogueSnapshot, table: TableFacts, kind: "vacuum" | "analyze"): number {
  const read = (name: string): number => Number(table.options[name] ?? snapshot.settings[name] ?? 0);
  const asked =
    read(`autovacuum_${kind}_threshold`) + read(`autovacuum_${kind}_scale_factor`) * Math.max(table.rows, 0);
  const most = kind === "vacuum" ? read("autovacuum_vacuum_max_threshold") : 0;
  return most > 0 ? Math.min(asked, most) : asked;
}

function deadRows(snapshot: CatalogueSnapshot, table: TableFacts): Finding[] {
  const limit = threshold(snapshot, table, "vacuum");
  if (table.deadRows <= BEHIND * limit) return [];
  return [
    {
      code: "autovacuum-lag",
      severity: "warning",
      object: qualified(table),
      explanation: `${table.deadRows} dead rows wait, autovacuum should begin at ${Math.round(limit)}. It is behind, or a long transaction, a standby or a replication slot still needs them.`,
      fix: [`VACUUM (ANALYZE) ${qualified(table)}`],
      undo: [],
      appliable: true,
    },
  ];
}

function staleStatistics(snapshot: CatalogueSnapshot, table: TableFacts): Finding[] {
  const limit = threshold(snapshot, table, "analyze");
  if (table.changedSinceAnalyze <= BEHIND * limit) return [];
  return [
    {
      code: "statistics-stale",
      severity: "notice",
      object: qualified(table),
      explanation: `${table.changedSinceAnalyze} rows changed since the planner last looked at a sample.`,
      fix: [`ANALYZE ${qualified(table)}`],
      undo: [],
      appliable: true,
    },
  ];
}

function tableOff(table: TableFacts): Finding {
  return {
    code: "autovacuum-off",
    severity: "warning",
    object: qualified(table),
    explanation:
      "Autovacuum is switched off for it: dead rows stay, and old ones are frozen only in an emergency.",
    fix: [`ALTER TABLE ${qualified(table)} RESET (autovacuum_enabled)`],
    undo: [`ALTER TABLE ${qualified(table)} SET (autovacuum_enabled = false)`],
    appliable: true,
  };
}

function switchedOff(): Finding {
  return {
    code: "autovacuum-off",
    severity: "critical",
    object: "autovacuum",
    explanation: "Switched off for the whole server: tables grow, and in the end it refuses to write.",
    fix: ["ALTER SYSTEM RESET autovacuum", "SELECT pg_reload_conf()"],
    undo: ["ALTER SYSTEM SET autovacuum = off", "SELECT pg_reload_conf()"],
    appliable: false,
  };
}
