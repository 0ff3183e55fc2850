/**
 * On which side of the way up from node `node` of a level whose last node is `last` each of `count` siblings stands (RFC 9162,
 * sections 2.1.3.2 and 2.1.4.2). Null when the way to the root has another length.
 */
export function siblingSides(node: number, last: number, count: number): ("left" | "right")[] | null {
  const sides: ("left" | "right")[] = [];
  while (sides.length < count) {
    if (last === 0) return null;
    const left = node % 2 === 1 || node === last;
    sides.push(left ? "left" : "right");
    // A level where the node has no sibling is passed over.
    while (left && node % 2 === 0 && node !== 0) {
      node /= 2;
      last = Math.floor(last / 2);
    }
    node = Math.floor(node / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 ? sides : null;
}
