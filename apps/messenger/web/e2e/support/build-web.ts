import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const CONFIG = fileURLToPath(new URL("../../vite.config.ts", import.meta.url));

export interface BuiltWeb extends AsyncDisposable {
  readonly directory: string;
}

/** The web client as it is now, built into a directory of its own; `double` is the one without a server behind it. */
export async function buildWeb(mode: "production" | "double"): Promise<BuiltWeb> {
  const directory = await mkdtemp(join(tmpdir(), `rempart-web-${mode}-`));
  await build({
    configFile: CONFIG,
    mode,
    logLevel: "error",
    build: { outDir: directory, emptyOutDir: true },
  });
  return { directory, [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }) };
}
