/** Every cycle that a depth-first walk closes, as paths that end where they begin. */
export function cyclesIn(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const cycles: string[][] = [];
  const done = new Set<string>();
  const trail: string[] = [];

  const visit = (node: string): void => {
    if (done.has(node)) return;
    const seenAt = trail.indexOf(node);
    if (seenAt >= 0) {
      cycles.push([...trail.slice(seenAt), node]);
      return;
    }
    trail.push(node);
    for (const next of graph.get(node) ?? []) visit(next);
    trail.pop();
    done.add(node);
  };

  for (const node of graph.keys()) visit(node);
  return cycles;
}
