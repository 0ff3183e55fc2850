import { defaultRangeExtractor, type Range } from "@tanstack/react-virtual";

/** The rows in sight and one more: the row that can be focused must exist wherever the list is scrolled. */
export function withIndex(range: Range, index: number): number[] {
  const inSight = defaultRangeExtractor(range);
  if (index < 0 || index >= range.count || inSight.includes(index)) return inSight;
  return [...inSight, index].sort((a, b) => a - b);
}
