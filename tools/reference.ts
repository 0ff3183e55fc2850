/** Writes the pages that are generated from the code: `node tools/reference.ts`. `npm run check` fails when they differ. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pages } from "./reference/pages.ts";
import { ROOT } from "./repository.ts";

for (const [path, text] of pages(ROOT)) {
  mkdirSync(dirname(join(ROOT, path)), { recursive: true });
  writeFileSync(join(ROOT, path), text);
  process.stdout.write(`${path}\n`);
}
