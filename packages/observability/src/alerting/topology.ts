/** Which components need which others, and so whose alerts are consequences of which. */

/** By component, those that it depends on directly. One that is not a key depends on nothing. */
export type Topology = Readonly<Record<string, readonly string[]>>;

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
