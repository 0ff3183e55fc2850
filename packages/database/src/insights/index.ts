export { type Applied, type ApplyOptions, applyFinding } from "./apply.ts";
export { type Bloat, type BloatOptions, readBloat } from "./bloat.ts";
export { type ConnectionGroup, type Connections, readConnections } from "./connections.ts";
export { type Examination, examine, plansOf } from "./examine.ts";
export type { Finding, FindingCode, Severity } from "./finding.ts";
export { lint } from "./lint.ts";
export { type LockedSession, type LockTree, readLocks } from "./locks.ts";
export { createExplainer, type Explainer, type Plan, planText } from "./plans.ts";
export { readSnapshot } from "./read-snapshot.ts";
export { type InsightsSetup, insightsMigrations, setUpInsights } from "./setup.ts";
export type { CatalogueSnapshot, IndexFacts, TableFacts } from "./snapshot.ts";
export {
  readStatements,
  type StatementFacts,
  type StatementOrder,
  type StatementsMissing,
} from "./statements.ts";
