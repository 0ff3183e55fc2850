import type { Machine } from "../maintenance/configure/sizes.ts";
import type { Database, Queryable } from "../pool/ports.ts";
import { bySeverity, type Finding } from "./finding.ts";
import { hypopgSchema, tryProposals } from "./hypothetical.ts";
import { lint } from "./lint.ts";
import { createExplainer, type Explainer } from "./plans.ts";
import { readSnapshot } from "./read-snapshot.ts";
import { type PlannedStatement, proposalsFromPlans } from "./rules/plans.ts";
import type { CatalogueSnapshot } from "./snapshot.ts";
import { readStatements, type StatementFacts, type StatementsMissing } from "./statements.ts";

export interface Examination {
  readonly findings: readonly Finding[];
  /** Why plans were not looked at; null when they were. */
  readonly statements: StatementsMissing | null;
  /** Whether proposals were tried with `hypopg`. */
  readonly tried: boolean;
}

const STATEMENTS = 50;

/** Everything the rules find, in the catalogue and in the plans of what costs the most time. Reads only. */
export async function examine(
  database: Database,
  machine?: Omit<Machine, "connections">,
): Promise<Examination> {
  const snapshot = await readSnapshot(database);
  const known = lint(snapshot, machine);
  const statements = await readStatements(database, { order: "total", most: STATEMENTS });
  if (typeof statements === "string") return { findings: known, statements, tried: false };
  const { findings, tried } = await database.session((session) => fromPlans(session, snapshot, statements));
  return { findings: [...known, ...findings].toSorted(bySeverity), statements: null, tried };
}

async function fromPlans(
  session: Queryable,
  snapshot: CatalogueSnapshot,
  statements: readonly StatementFacts[],
): Promise<{ findings: readonly Finding[]; tried: boolean }> {
  const schema = await hypopgSchema(session);
  const explainer = await createExplainer(session);
  const proposals = proposalsFromPlans(snapshot, await plansOf(explainer, statements));
  if (schema === null) return { findings: proposals.map(({ finding }) => finding), tried: false };
  return { findings: await tryProposals(session, explainer, schema, proposals), tried: true };
}

/** Our own statements only: planning calls functions, and another role's statement may name a function of its making. */
export async function plansOf(
  explainer: Explainer,
  statements: readonly StatementFacts[],
): Promise<PlannedStatement[]> {
  const planned: PlannedStatement[] = [];
  for (const statement of statements) {
    if (!statement.own) continue;
    const plan = await explainer.explain(statement.query);
    if (plan !== null) planned.push({ statement, plan });
  }
  return planned;
}
