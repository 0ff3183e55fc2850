import { relative } from "node:path";
import type { EventData } from "node:test";
import { inspect } from "node:util";
import { ROOT } from "../repository.ts";

export interface Total {
  passed: number;
  failed: number;
  skipped: number;
}

export interface Report {
  /** What becomes of a file in this run of it; it takes the place of an earlier one. */
  open(file: string): FileRecord;
  /** Of each of these, the last run failed. */
  failed(): string[];
  /**
   * Prints the skips with their reasons, the slowest files, the failures of files that passed in a later run, and every other
   * failure again; returns the count of the last runs.
   */
  conclude(interrupted: boolean): Total;
}

export interface FileRecord {
  pass(event: EventData.TestPass): void;
  fail(event: EventData.TestFail): void;
  /** What the file itself printed: kept, and shown when it fails. */
  output(text: string): void;
  close(end: { milliseconds: number; overran: boolean }): void;
}

interface Failure {
  readonly where: string;
  readonly what: string;
}

interface FileResult {
  readonly file: string;
  readonly count: Total;
  readonly failures: readonly Failure[];
  readonly skips: readonly string[];
  readonly milliseconds: number;
}

const SLOWEST = 8;
const OUTPUT_KEPT = 8_000;

export function createReport(stream: { write(text: string): unknown }): Report {
  const results = new Map<string, FileResult>();
  const unsteady: Failure[] = [];
  const print = (line: string): void => void stream.write(`${line}\n`);

  function open(file: string): FileRecord {
    return record(file, (result) => {
      const before = results.get(file)?.failures ?? [];
      if (result.count.failed === 0) unsteady.push(...before);
      results.set(file, result);
      print(summary(result));
    });
  }

  function conclude(interrupted: boolean): Total {
    const all = [...results.values()];
    if (interrupted) print("\nInterrupted: not every file ran.");
    section(
      "Skipped",
      all.flatMap(({ skips }) => skips),
    );
    section("Slowest files", slowest(all));
    if (unsteady.length > 0) print("\nUnsteady: failed beside others, passed alone");
    unsteady.forEach(show);
    all.flatMap(({ failures }) => failures).forEach(show);
    print("");
    return totalOf(all);
  }

  function section(title: string, lines: readonly string[]): void {
    if (lines.length > 0) print(`\n${title}\n${lines.map((line) => `  ${line}`).join("\n")}`);
  }

  function show({ where, what }: Failure): void {
    print(`\n✗ ${where}\n${indent(what)}`);
  }

  const failed = (): string[] =>
    [...results.values()].filter(({ count }) => count.failed > 0).map(({ file }) => file);
  return { open, failed, conclude };
}

function record(file: string, onEnd: (result: FileResult) => void): FileRecord {
  const count: Total = { passed: 0, failed: 0, skipped: 0 };
  const failures: Failure[] = [];
  const skips: string[] = [];
  let printed = "";

  const failed = (name: string, what: string): void => {
    count.failed += 1;
    failures.push({ where: `${file} › ${name}`, what });
  };

  return {
    pass(event) {
      if (isWholeFile(event, file)) return failed("(file)", "The file contains no test.");
      const reason = event.skip ?? event.todo;
      if (reason !== undefined && reason !== false) {
        count.skipped += 1;
        skips.push(`${file} › ${event.name}: ${reason === true ? "no reason given" : reason}`);
      } else if (event.details.type !== "suite") count.passed += 1;
    },
    fail(event) {
      if (event.todo !== undefined && event.todo !== false) count.skipped += 1;
      else if (isWholeFile(event, file)) failed("(file)", describe(event.details.error, printed));
      else if (!onlySubtestsFailed(event)) failed(event.name, describe(event.details.error, ""));
    },
    output(text) {
      printed = (printed + text).slice(-OUTPUT_KEPT);
    },
    close({ milliseconds, overran }) {
      if (overran && count.failed === 0) failed("(file)", "The file did not end in time.");
      onEnd({ file, count, failures, skips, milliseconds });
    },
  };
}

function totalOf(results: readonly FileResult[]): Total {
  const total: Total = { passed: 0, failed: 0, skipped: 0 };
  for (const { count } of results) {
    for (const key of ["passed", "failed", "skipped"] as const) total[key] += count[key];
  }
  return total;
}

/** node:test reports a file without tests, or one that crashed outside them, as a test named after the file. */
function isWholeFile(event: { name: string; nesting: number }, file: string): boolean {
  return event.nesting === 0 && relative(ROOT, event.name) === file;
}

/** The subtests were counted themselves. */
function onlySubtestsFailed(event: EventData.TestFail): boolean {
  return (event.details.error as { failureType?: string }).failureType === "subtestsFailed";
}

function describe(error: Error, printed: string): string {
  const cause = error.cause ?? error;
  const text = cause instanceof Error ? (cause.stack ?? cause.message) : inspect(cause);
  return printed === "" ? text : `${text}\n${printed.trimEnd()}`;
}

function summary({ file, count, milliseconds }: FileResult): string {
  const mark = count.failed > 0 ? "✗" : "✓";
  const skipped = count.skipped > 0 ? `, ${count.skipped} skipped` : "";
  const failed = count.failed > 0 ? `, ${count.failed} failed` : "";
  return `${mark} ${file}  ${count.passed} passed${failed}${skipped}  ${seconds(milliseconds)}`;
}

function slowest(results: readonly FileResult[]): string[] {
  return results
    .toSorted((a, b) => b.milliseconds - a.milliseconds)
    .slice(0, SLOWEST)
    .map(({ file, milliseconds }) => `${seconds(milliseconds).padStart(8)}  ${file}`);
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, "    ");
}
