import { createHash } from "node:crypto";

/** A query whose answer is kept as a table, and refreshed on a schedule. */
export interface MaterializedView {
  /** Lower-case letters, digits and underscores. */
  readonly name: string;
  /** A SELECT. Names in it are found as the installing connection finds them. */
  readonly query: string;
  /** Columns that no two rows share: what a refresh beside readers needs. */
  readonly key: readonly string[];
  /** Seconds between looks at whether something changed. */
  readonly everySeconds: number;
  /** Other views that the query reads. */
  readonly dependsOn?: readonly string[];
  /** Further indexes, as what follows `CREATE INDEX ON view`: `(units DESC)`. */
  readonly indexes?: readonly string[];
  /** True for a query whose answer changes by itself, as one with `now()` does: it is refreshed each time. */
  readonly volatile?: boolean;
}

const NAME = /^[a-z_][a-z0-9_]{0,62}$/;

/** Throws TypeError for a declaration that could not work. */
export function materializedView(view: MaterializedView): MaterializedView {
  if (!NAME.test(view.name)) throw new TypeError(`"${view.name}" is not a view's name`);
  if (view.key.length === 0 || !view.key.every((column) => NAME.test(column)))
    throw new TypeError(`${view.name}: the key is the names of columns`);
  if (!(view.everySeconds >= 1)) throw new TypeError(`${view.name}: everySeconds is at least 1`);
  if (!/^\s*(?:select|with|values)\b/i.test(view.query))
    throw new TypeError(`${view.name}: the query is a SELECT`);
  return view;
}

/** Each after those it depends on. Throws TypeError for a name that is declared twice or not at all, and for a circle. */
export function inOrder(views: readonly MaterializedView[]): MaterializedView[] {
  const byName = new Map(views.map((view) => [view.name, view]));
  if (byName.size !== views.length) throw new TypeError("two materialised views have the same name");
  const ordered = new Set<MaterializedView>();
  const visit = (name: string, path: readonly string[]): void => {
    const view = byName.get(name);
    if (view === undefined) throw new TypeError(`${path.at(-1)} depends on ${name}, which is not declared`);
    if (path.includes(name))
      throw new TypeError(`views depend on one another: ${[...path, name].join(", ")}`);
    for (const dependency of view.dependsOn ?? []) visit(dependency, [...path, name]);
    ordered.add(view);
  };
  for (const { name } of views) visit(name, []);
  return [...ordered];
}

/** The same for the same declaration, schedule aside. */
export function definitionOf({ query, key, dependsOn = [], indexes = [] }: MaterializedView): string {
  return createHash("sha256")
    .update(JSON.stringify([query, key, dependsOn, indexes]))
    .digest("hex");
}
