import type {
  Bloat,
  Connections,
  Examination,
  Finding,
  IndexFacts,
  LockTree,
  StatementFacts,
  TableFacts,
} from "@rempart/database/insights";
import { table } from "../table.ts";
import { bytesText, durationText, plain } from "../text.ts";

const STATEMENT_WIDTH = 100;

export function statementTable(statements: readonly StatementFacts[]): string {
  return table([
    ["mean", "max", "calls", "total", "rows", "cached", "statement"],
    ...statements.map(({ meanMs, maxMs, calls, totalMs, rows, hitRatio, query }) => [
      durationText(meanMs),
      durationText(maxMs),
      String(calls),
      durationText(totalMs),
      String(rows),
      hitRatio === null ? "–" : `${Math.round(hitRatio * 100)} %`,
      plain(query, STATEMENT_WIDTH),
    ]),
  ]);
}

/** Who holds others up stands over those who wait for them. */
export function lockText(trees: readonly LockTree[]): string {
  if (trees.length === 0) return "nobody waits for a lock";
  return trees.map((tree) => treeText(tree, 0)).join("\n");
}

function treeText({ session, waiting }: LockTree, depth: number): string {
  const { pid, application, state, waitMs, transactionMs, waitsFor, query } = session;
  const wait = waitsFor === null ? "" : `, waits ${durationText(waitMs)} for ${plain(waitsFor)}`;
  const line = `${"  ".repeat(depth)}${pid} ${plain(application, 40)} ${state}, transaction ${durationText(transactionMs)}${wait}: ${plain(query, STATEMENT_WIDTH)}`;
  return [line, ...waiting.map((next) => treeText(next, depth + 1))].join("\n");
}

export function bloatTable(bloat: readonly Bloat[]): string {
  return table([
    ["wasted", "of", "kind", "name", "how it is known"],
    ...bloat.map(({ wastedBytes, bytes, kind, schema, name, method }) => [
      bytesText(wastedBytes),
      bytesText(bytes),
      kind,
      plain(`${schema}.${name}`),
      method,
    ]),
  ]);
}

export function indexTable(indexes: readonly IndexFacts[]): string {
  return table([
    ["scans", "size", "table", "index", "keys", "state"],
    ...indexes.map((index) => [
      String(index.scans),
      bytesText(index.bytes),
      plain(`${index.schema}.${index.table}`),
      plain(index.name),
      plain(keysText(index)),
      stateOf(index),
    ]),
  ]);
}

function keysText({ keys, include, predicate }: IndexFacts): string {
  const included = include.length > 0 ? ` include ${include.join(", ")}` : "";
  const where = predicate === null ? "" : ` where ${predicate}`;
  return `${keys.map(({ sql, descending }) => (descending ? `${sql} desc` : sql)).join(", ")}${included}${where}`;
}

function stateOf({ valid, building, needed, unique }: IndexFacts): string {
  if (!valid) return building ? "being built" : "invalid";
  if (needed) return "needed";
  return unique ? "unique" : "";
}

export function tableTable(tables: readonly TableFacts[], now: number): string {
  const ago = (at: number | null): string => (at === null ? "never" : `${durationText(now - at)} ago`);
  return table([
    ["size", "table only", "rows", "dead", "whole reads", "index reads", "vacuumed", "analysed", "table"],
    ...tables.map((facts) => [
      bytesText(facts.totalBytes),
      bytesText(facts.bytes),
      facts.rows < 0 ? "?" : String(facts.rows),
      String(facts.deadRows),
      String(facts.sequentialScans),
      String(facts.indexScans),
      ago(facts.lastVacuum),
      ago(facts.lastAnalyze),
      plain(`${facts.schema}.${facts.name}`),
    ]),
  ]);
}

export function connectionText({ used, most, idleInTransaction, groups }: Connections): string {
  const rows = groups.map((group) => [
    String(group.count),
    group.state,
    plain(group.application, 40),
    plain(group.user),
    durationText(group.oldestMs),
    durationText(group.oldestTransactionMs),
    durationText(group.longestInStateMs),
  ]);
  const head = ["count", "state", "application", "role", "oldest", "oldest transaction", "longest in state"];
  return `${used} of ${most} connections, ${idleInTransaction} idle in a transaction\n${table([head, ...rows])}`;
}

const WHY_NO_PLANS = {
  "no-extension": "statements were not looked at: pg_stat_statements is not set up (rempart db setup)",
  "not-loaded":
    "statements were not looked at: pg_stat_statements is not in shared_preload_libraries (rempart db configure)",
};

export function findingsText({ findings, statements, tried }: Examination): string {
  const told = findings.map(findingText);
  const notes = [
    ...(statements === null ? [] : [WHY_NO_PLANS[statements]]),
    ...(statements === null && !tried ? ["proposals from plans were not tried: hypopg is not set up"] : []),
  ];
  return [told.length === 0 ? "nothing to mend" : told.join("\n\n"), ...notes].join("\n");
}

export function findingText({ severity, code, object, explanation, fix, undo, proof }: Finding): string {
  const gain = proof === undefined ? "" : ` Tried: cost ${proof.costBefore} becomes ${proof.costAfter}.`;
  return [
    `${severity} ${code} ${plain(object)}`,
    `  ${plain(explanation)}${gain}`,
    ...fix.map((statement) => `  mend: ${plain(statement)};`),
    ...undo.map((statement) => `  undo: ${plain(statement)};`),
  ].join("\n");
}
