import type { Queryable } from "../pool/ports.ts";

/** A node of `EXPLAIN (FORMAT JSON, VERBOSE)`, as far as it is read here. */
export interface PlanNode {
  readonly "Node Type": string;
  readonly Schema?: string;
  readonly "Relation Name"?: string;
  readonly Alias?: string;
  readonly "Index Name"?: string;
  readonly Filter?: string;
  readonly "Index Cond"?: string;
  readonly Output?: readonly string[];
  readonly "Plan Rows": number;
  readonly "Total Cost": number;
  readonly Plans?: readonly PlanNode[];
}

export interface Plan {
  readonly root: PlanNode;
  readonly cost: number;
}

/** Explains statements for any value of their parameters, and runs none of them. */
export interface Explainer {
  /** Null for what cannot be planned: a parameter whose type nothing tells, a table that is gone, a text that was cut. */
  explain(query: string): Promise<Plan | null>;
}

/**
 * `EXPLAIN (GENERIC_PLAN)` of PostgreSQL 16 by other means: a prepared statement, so that it works on 15 too, and so that the
 * server itself refuses a text that is more than one statement. Give it a session: it changes settings and leaves statements.
 */
export async function createExplainer(session: Queryable): Promise<Explainer> {
  await session.query("SET plan_cache_mode = force_generic_plan");
  await session.query("SET default_transaction_read_only = on");
  await session.query("SET statement_timeout = '10s'");
  let number = 0;

  async function explain(query: string): Promise<Plan | null> {
    number += 1;
    const name = `rempart_plan_${number}`;
    try {
      // A named statement travels by the extended protocol, which takes one statement and no second one behind a semicolon.
      await session.query(`PREPARE ${name} AS ${query}`, [], { name: `prepare_${number}` });
      return await planOf(session, name);
    } catch {
      return null;
    }
  }

  return { explain };
}

interface Explained {
  "QUERY PLAN": readonly { Plan: PlanNode }[];
}

async function planOf(session: Queryable, name: string): Promise<Plan | null> {
  const [prepared] = await session.query<{ count: number }>(
    "SELECT cardinality(parameter_types) AS count FROM pg_prepared_statements WHERE name = $1",
    [name],
  );
  const parameters = Array<string>(prepared?.count ?? 0).fill("NULL");
  const values = parameters.length > 0 ? `(${parameters.join(", ")})` : "";
  const [row] = await session.query<Explained>(`EXPLAIN (FORMAT JSON, VERBOSE) EXECUTE ${name}${values}`);
  const root = row?.["QUERY PLAN"][0]?.Plan;
  return root === undefined ? null : { root, cost: root["Total Cost"] };
}

export function* nodesOf(node: PlanNode): Generator<PlanNode> {
  yield node;
  for (const child of node.Plans ?? []) yield* nodesOf(child);
}

/** A plan as a person reads it, one line a node. */
export function planText(node: PlanNode, depth = 0): string {
  const on = node["Relation Name"] === undefined ? "" : ` on ${node["Relation Name"]}`;
  const using = node["Index Name"] === undefined ? "" : ` using ${node["Index Name"]}`;
  const detail = node["Index Cond"] ?? node.Filter;
  const line = `${"  ".repeat(depth)}${node["Node Type"]}${using}${on}${detail === undefined ? "" : ` ${detail}`}`;
  const cost = ` (cost ${node["Total Cost"]}, rows ${node["Plan Rows"]})`;
  return [`${line}${cost}`, ...(node.Plans ?? []).map((child) => planText(child, depth + 1))].join("\n");
}
