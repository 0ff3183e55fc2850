import {
  createExplainer,
  plansOf,
  planText,
  readBloat,
  readConnections,
  readLocks,
  readSnapshot,
  readStatements,
  type StatementFacts,
  type StatementOrder,
  setUpInsights,
} from "@rempart/database/insights";
import type { Maintenance } from "@rempart/messenger-server/operator";
import { Command, Option } from "commander";
import { wholeNumber } from "../arguments/number.ts";
import { CliError } from "../errors.ts";
import { type JsonOption, report } from "../report.ts";
import { plain } from "../text.ts";
import { withDatabase } from "./access.ts";
import {
  bloatTable,
  connectionText,
  indexTable,
  lockText,
  statementTable,
  tableTable,
} from "./insight-tables.ts";

export function locksCommand(): Command {
  return command("locks", "who waits for whom", async ({ database }, options) => {
    const trees = await readLocks(database);
    report(options, trees, lockText(trees));
  });
}

export function bloatCommand(): Command {
  return command("bloat", "room in tables and indexes that holds nothing", async ({ database }, options) => {
    const bloat = await database.session((session) => readBloat(session));
    report(options, bloat, bloatTable(bloat));
  });
}

export function indexesCommand(): Command {
  return command("indexes", "how much each index is read", async ({ database }, options) => {
    const { indexes } = await readSnapshot(database);
    const sorted = indexes.toSorted((a, b) => a.scans - b.scans || b.bytes - a.bytes);
    report(options, sorted, indexTable(sorted));
  });
}

export function tablesCommand(): Command {
  return command("tables", "size, dead rows and care of each table", async ({ database }, options) => {
    const { tables, takenAt } = await readSnapshot(database);
    const sorted = tables.toSorted((a, b) => b.totalBytes - a.totalBytes);
    report(options, sorted, tableTable(sorted, takenAt));
  });
}

export function connectionsCommand(): Command {
  return command(
    "connections",
    "connections by state, application and age",
    async ({ database }, options) => {
      const connections = await readConnections(database);
      report(options, connections, connectionText(connections));
    },
  );
}

function command(
  name: string,
  description: string,
  work: (access: Maintenance, options: JsonOption) => Promise<void>,
): Command {
  return new Command(name)
    .description(description)
    .option("--json", "print JSON")
    .action((options: JsonOption) => withDatabase((access) => work(access, options)));
}

interface SlowOptions extends JsonOption {
  readonly order: StatementOrder;
  readonly limit: number;
  readonly plans?: boolean;
}

export function slowCommand(): Command {
  return new Command("slow")
    .description(
      "the statements that take the longest; with --plans how they are carried out. Runs none of them",
    )
    .addOption(
      new Option("--order <by>", "time of one call, or of all").choices(["mean", "total"]).default("mean"),
    )
    .option("--limit <count>", "how many", wholeNumber(1), 10)
    .option("--plans", "plan the statements of this role, for any value of their parameters")
    .option("--json", "print JSON")
    .action((options: SlowOptions) =>
      withDatabase(async (access) => {
        const statements = await statementsOf(access, options);
        const plans =
          options.plans === true ? await plansById(access, statements) : new Map<string, string>();
        const withPlans = statements.map((one) => ({ ...one, plan: plans.get(one.id) ?? null }));
        const told = [...plans].map(
          ([id, plan]) => `${plain(statements.find((one) => one.id === id)?.query ?? "")}\n${plan}`,
        );
        report(
          options,
          options.plans === true ? withPlans : statements,
          [statementTable(statements), ...told].join("\n\n"),
        );
      }),
    );
}

async function statementsOf(
  { database }: Maintenance,
  { order, limit }: SlowOptions,
): Promise<readonly StatementFacts[]> {
  const statements = await readStatements(database, { order, most: limit });
  if (statements === "no-extension")
    throw new CliError("not-set-up", "pg_stat_statements is not in this database: run rempart db setup");
  if (statements === "not-loaded")
    throw new CliError(
      "not-set-up",
      "the server must load pg_stat_statements at its start: see rempart db configure",
    );
  return statements;
}

async function plansById(
  { database }: Maintenance,
  statements: readonly StatementFacts[],
): Promise<Map<string, string>> {
  const planned = await database.session(async (session) =>
    plansOf(await createExplainer(session), statements),
  );
  const lines = (text: string): string =>
    text
      .split("\n")
      .map((line) => `${indentOf(line)}${plain(line)}`)
      .join("\n");
  return new Map(planned.map(({ statement, plan }) => [statement.id, lines(planText(plan.root))]));
}

function indentOf(line: string): string {
  return /^ */.exec(line)?.[0] ?? "";
}

export function setupCommand(): Command {
  return command(
    "setup",
    "make the extensions that insights use, and analyze_slow_queries(); needs a superuser (DATABASE_ADMIN_URL)",
    async ({ database, admin }, options) => {
      if (admin === null)
        throw new CliError("not-set-up", "DATABASE_ADMIN_URL must name a superuser, who may make extensions");
      const setup = await setUpInsights(admin, database);
      const { installed, missing, notLoaded } = setup;
      const said = [
        `set up: ${installed.join(", ")}`,
        ...missing.map((name) => `${name} is not among the server's extensions`),
        ...notLoaded.map((name) => `${name} must be in shared_preload_libraries before it counts`),
      ];
      report(options, setup, said.join("\n"));
    },
  );
}
