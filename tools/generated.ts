/** Writes what is generated from what the code declares: `node tools/generated.ts`. `npm run check` fails when it differs. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { GENERATED_FOLDERS, generatedFiles } from "./generated/files.ts";
import { ROOT } from "./repository.ts";

const files = generatedFiles();
for (const folder of GENERATED_FOLDERS) rmSync(join(ROOT, folder), { recursive: true, force: true });
for (const [path, text] of files) {
  mkdirSync(dirname(join(ROOT, path)), { recursive: true });
  writeFileSync(join(ROOT, path), text);
  process.stdout.write(`${path}\n`);
}
