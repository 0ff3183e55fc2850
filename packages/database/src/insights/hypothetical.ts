import type { Queryable } from "../pool/ports.ts";
import { quoted } from "../sql-names.ts";
import type { Finding } from "./finding.ts";
import { type Explainer, nodesOf, type Plan } from "./plans.ts";
import type { IndexProposal } from "./rules/plans.ts";

/** The schema of `hypopg` in this database; null where it is not installed. */
export async function hypopgSchema(db: Queryable): Promise<string | null> {
  const [row] = await db.query<{ schema: string }>(
    `SELECT n.nspname AS schema FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
     WHERE e.extname = 'hypopg'`,
  );
  return row?.schema ?? null;
}

/** Planning with an index that nobody built must save at least this share of the cost. */
const WORTH = 0.2;

/**
 * The findings whose index the planner would use, each with its gain. An index exists for the length of one question and in this
 * session only. Proposals that change nothing are left out.
 */
export async function tryProposals(
  session: Queryable,
  explainer: Explainer,
  schema: string,
  proposals: readonly IndexProposal[],
): Promise<Finding[]> {
  const proven: Finding[] = [];
  for (const proposal of proposals) {
    const [made] = await session.query<{ name: string }>(
      `SELECT indexname AS name FROM ${quoted(schema)}.hypopg_create_index($1)`,
      [proposal.definition],
    );
    const after = await explainer.explain(proposal.statement.query);
    await session.query(`SELECT ${quoted(schema)}.hypopg_reset()`);
    if (made === undefined || after === null || !uses(after, made.name)) continue;
    if (after.cost > proposal.plan.cost * (1 - WORTH)) continue;
    proven.push({
      ...proposal.finding,
      proof: { costBefore: proposal.plan.cost, costAfter: after.cost },
    });
  }
  return proven;
}

function uses({ root }: Plan, index: string): boolean {
  return [...nodesOf(root)].some((node) => node["Index Name"] === index);
}
