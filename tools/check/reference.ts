/**
 * Generated pages match the code. A variable or an error code that the reference does not know, or one that it knows and the
 * code forgot, misleads the person who reads it at night.
 */
import { pages } from "../reference/pages.ts";
import type { Check } from "./check.ts";
import { differing } from "./differing.ts";

export const reference: Check = {
  name: "reference",
  run: (root) => ({ problems: differences(root, pages(root)) }),
};

export function differences(root: string, wanted: ReadonlyMap<string, string>): string[] {
  return differing(root, wanted).map(
    (path) => `${path} does not match the code: run node_modules/.bin/node tools/reference.ts`,
  );
}
