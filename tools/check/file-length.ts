/** A long file is read by nobody as a whole. This only points: some tables are long and fine. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { filesBelow } from "../repository.ts";
import type { Check } from "./check.ts";

const LOOK_TWICE = 400;

export const fileLength: Check = {
  name: "file-length",
  run(root) {
    const notes = filesBelow(root, ".", (path) => /\.(ts|tsx|mjs)$/.test(path))
      .map((path) => ({ path, lines: readFileSync(join(root, path), "utf8").split("\n").length }))
      .filter(({ lines }) => lines > LOOK_TWICE)
      .map(({ path, lines }) => `${path} has ${lines} lines`);
    return { problems: [], notes };
  },
};
