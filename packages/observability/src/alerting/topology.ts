/** Which components need which others, and so whose alerts are consequences of which. */
import type { AlertRule } from "../objectives/rule.ts";

/** By component, those that it depends on directly. One that is not a key depends on nothing. */
export type Topology = Readonly<Record<string, readonly string[]>>;

/** By the name of an alert that says that a component is out, the components whose own alerts are its consequences. */
export type Consequences = ReadonlyMap<string, ReadonlySet<string>>;

/** Of the rules that are outages. Those that explain nothing, for nobody needs their component, are left out. */
export function consequencesOf(topology: Topology, rules: readonly AlertRule[]): Consequences {
  const causes = [...causesOf(topology)];
  const dependent = (on: string): Set<string> =>
    new Set(causes.flatMap(([component, needed]) => (needed.has(on) ? [component] : [])));
  return new Map(
    rules
      .filter(({ outage }) => outage)
      .map(({ name, component }) => [name, dependent(component)] as const)
      .filter(([, components]) => components.size > 0),
  );
}

/**
 * By component, all those that it depends on, directly or through others, without those that also depend on it: within a
 * cycle nobody is the cause, so nobody is muted.
 */
export function causesOf(topology: Topology): ReadonlyMap<string, ReadonlySet<string>> {
  const reached = new Map(
    Object.keys(topology).map((component) => [component, reachedFrom(topology, component)]),
  );
  return new Map(
    [...reached].map(([component, causes]) => [
      component,
      new Set([...causes].filter((cause) => !(reached.get(cause)?.has(component) ?? false))),
    ]),
  );
}

function reachedFrom(topology: Topology, component: string): Set<string> {
  const reached = new Set<string>();
  const open = [component];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const needed of Object.hasOwn(topology, next) ? (topology[next] ?? []) : []) {
      if (reached.has(needed)) continue;
      reached.add(needed);
      open.push(needed);
    }
  }
  return reached;
}
