/** What an application ships: entries bundled and minified, with everything they import of ours. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const MOST_BYTES = 30_000;

async function minified(entry: string): Promise<number> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(entry, import.meta.url))],
    bundle: true,
    minify: true,
    format: "esm",
    platform: "node",
    write: false,
  });
  return outputFiles.reduce((sum, { contents }) => sum + contents.length, 0);
}

for (const adapter of ["node", "hono", "express"]) {
  test(`the ${adapter} entry is at most ${MOST_BYTES} bytes`, async () => {
    const bytes = await minified(`../src/adapters/${adapter}.ts`);
    assert.ok(bytes > 1000 && bytes <= MOST_BYTES, `${bytes} bytes`);
  });
}
