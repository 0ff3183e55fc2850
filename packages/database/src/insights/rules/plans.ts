import { qualified, quoted } from "../../sql-names.ts";
import { filterColumns } from "../filter.ts";
import type { Finding } from "../finding.ts";
import { type NewIndex, newIndex } from "../index-names.ts";
import { nodesOf, type Plan, type PlanNode } from "../plans.ts";
import type { CatalogueSnapshot, IndexFacts, TableFacts } from "../snapshot.ts";
import type { StatementFacts } from "../statements.ts";

export interface PlannedStatement {
  readonly statement: StatementFacts;
  readonly plan: Plan;
}

/** An index that a statement's plan asks for. `definition` is for trying it before it is made. */
export interface IndexProposal {
  readonly finding: Finding;
  readonly statement: StatementFacts;
  readonly plan: Plan;
  readonly definition: string;
}

/** Reading a table this small as a whole is what the planner rightly does. */
const LARGE_ROWS = 10_000;
/** A filter that lets more through is not helped by an index. */
const SELECTIVE = 0.05;
const FREQUENT_CALLS = 10;

/** Indexes that frequent statements lack: for filters over large tables, and for columns they fetch from the table. */
export function proposalsFromPlans(
  snapshot: CatalogueSnapshot,
  planned: readonly PlannedStatement[],
): IndexProposal[] {
  const frequent = planned.filter(({ statement }) => statement.calls >= FREQUENT_CALLS);
  const found = frequent.flatMap(({ statement, plan }) =>
    [...nodesOf(plan.root)].flatMap((node) => {
      const proposed = proposalFor(snapshot, statement, node);
      return proposed === null ? [] : [{ ...proposed, statement, plan }];
    }),
  );
  return [
    ...new Map(found.toReversed().map((proposal) => [proposal.definition, proposal])).values(),
  ].reverse();
}

type Proposed = Pick<IndexProposal, "finding" | "definition">;

function proposalFor(
  snapshot: CatalogueSnapshot,
  statement: StatementFacts,
  node: PlanNode,
): Proposed | null {
  const table = snapshot.tables.find(
    ({ schema, name }) => schema === node.Schema && name === node["Relation Name"],
  );
  if (table === undefined || table.rows < LARGE_ROWS) return null;
  if (node["Node Type"] === "Seq Scan") return forFilter(snapshot, statement, node, table);
  const index = indexRead(node);
  return index === undefined ? null : forCovering(snapshot, statement, node, table, index);
}

/** The name of the one index by which a node finds its rows in the table. */
function indexRead(node: PlanNode): string | undefined {
  if (node["Node Type"] === "Index Scan") return node["Index Name"];
  if (node["Node Type"] !== "Bitmap Heap Scan") return undefined;
  const [found, ...others] = node.Plans ?? [];
  return others.length === 0 && found?.["Node Type"] === "Bitmap Index Scan"
    ? found["Index Name"]
    : undefined;
}

const MOST_KEYS = 4;

function forFilter(
  snapshot: CatalogueSnapshot,
  statement: StatementFacts,
  node: PlanNode,
  table: TableFacts,
): Proposed | null {
  if (node.Filter === undefined || node["Plan Rows"] > table.rows * SELECTIVE) return null;
  const asked = filterColumns(node.Filter);
  // Behind the first range an index orders nothing more that a filter could use.
  const columns = asked === null ? [] : [...asked.equal, ...asked.range.slice(0, 1)].slice(0, MOST_KEYS);
  if (columns.length === 0 || !columns.every((name) => hasColumn(table, name))) return null;
  if (snapshot.indexes.some((index) => beginsWith(index, table, columns))) return null;
  return proposed(
    { schema: table.schema, table: table.name, columns },
    {
      code: "filter-without-index",
      severity: "warning",
      explanation: `A statement called ${statement.calls} times reads all ${table.rows} rows for about ${node["Plan Rows"]} of them: ${node.Filter}`,
    },
  );
}

function hasColumn(table: TableFacts, column: string): boolean {
  return table.columns.some(({ name }) => name === column);
}

function beginsWith(index: IndexFacts, table: TableFacts, columns: readonly string[]): boolean {
  return (
    index.schema === table.schema &&
    index.table === table.name &&
    index.valid &&
    index.predicate === null &&
    columns.every((column, at) => index.keys[at]?.column === column)
  );
}

const MOST_INCLUDED = 3;
/** Wider rows make the index as large as the table. */
const WIDEST_BYTES = 24;

/** An index scan that goes to the table for a few narrow columns would not have to, did the index hold them. */
function forCovering(
  snapshot: CatalogueSnapshot,
  statement: StatementFacts,
  node: PlanNode,
  table: TableFacts,
  name: string,
): Proposed | null {
  const index = snapshot.indexes.find(
    (one) => one.schema === table.schema && one.table === table.name && one.name === name,
  );
  if (index === undefined || index.method !== "btree" || index.unique || index.needed) return null;
  if (index.predicate !== null || node.Filter !== undefined) return null;
  const fetched = fetchedColumns(node, table, index);
  if (fetched === null || fetched.length === 0 || fetched.length > MOST_INCLUDED) return null;
  const keys = index.keys.flatMap(({ column, descending }) =>
    column === null || descending ? [] : [column],
  );
  if (keys.length !== index.keys.length) return null;
  return proposed(
    {
      schema: table.schema,
      table: table.name,
      columns: keys,
      include: [...index.include, ...fetched],
      suffix: "_covering",
    },
    {
      code: "index-covering-candidate",
      severity: "notice",
      explanation: `A statement called ${statement.calls} times goes from ${quoted(index.name)} to the table for ${fetched.map(quoted).join(", ")} alone. With them in the index it would read the index only; ${quoted(index.name)} is then covered by the new one.`,
    },
  );
}

/** Null when the node puts out anything but columns that are narrow or in the index. */
function fetchedColumns(node: PlanNode, table: TableFacts, index: IndexFacts): string[] | null {
  const held = new Set([...index.keys.map(({ column }) => column), ...index.include]);
  const fetched: string[] = [];
  let width = 0;
  for (const output of node.Output ?? ["?"]) {
    const column = table.columns.find(({ name }) => isOutput(output, name, node.Alias));
    if (column === undefined) return null;
    if (held.has(column.name)) continue;
    if (column.width === null) return null;
    width += column.width;
    fetched.push(column.name);
  }
  return width > WIDEST_BYTES ? null : fetched;
}

/** With one table in the query no alias stands before a column. */
function isOutput(output: string, name: string, alias = ""): boolean {
  const prefixes = ["", `${alias}.`, `${quoted(alias)}.`];
  return [name, quoted(name)].some((spelling) =>
    prefixes.some((prefix) => output === `${prefix}${spelling}`),
  );
}

function proposed(index: NewIndex, about: Pick<Finding, "code" | "severity" | "explanation">): Proposed {
  const { create, drop, plain } = newIndex(index);
  const object = qualified({ schema: index.schema, name: index.table });
  return { definition: plain, finding: { ...about, object, fix: [create], undo: [drop], appliable: true } };
}
