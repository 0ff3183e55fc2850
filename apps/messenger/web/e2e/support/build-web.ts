import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { glob, mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const ROOT = fileURLToPath(new URL("../../../../../", import.meta.url));
const CONFIG = fileURLToPath(new URL("../../vite.config.ts", import.meta.url));
const BUILDS = join(ROOT, "node_modules", ".cache", "rempart-web");
/** Everything that ends up in the bundle. */
const SOURCES = [
  "apps/messenger/web/{src,public}/**/*.*",
  "apps/messenger/web/{index.html,package.json,vite.config.ts}",
  "packages/{audit,kernel,messaging,ui}/{src/**/*.*,package.json}",
  "package-lock.json",
];

/**
 * The directory of the web client as it is now; `double` is the one without a server behind it. It is built once for all test
 * files, until a source changes. Nobody writes into it.
 */
export async function buildWeb(mode: "production" | "double"): Promise<string> {
  const directory = join(BUILDS, `${mode}-${await fingerprint()}`);
  if (existsSync(directory)) return directory;
  await mkdir(BUILDS, { recursive: true });
  const scratch = await mkdtemp(`${directory}-`);
  try {
    await build({
      configFile: CONFIG,
      mode,
      logLevel: "error",
      build: { outDir: scratch, emptyOutDir: true },
    });
    await rename(scratch, directory).catch(ignoreTaken);
    await prune(`${mode}-`);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  return directory;
}

/** Some may still be served to tests that began before a source changed. */
const KEPT_BUILDS = 4;

/** Removes all but the newest builds of a kind, and what was left of builds that were interrupted. */
async function prune(prefix: string): Promise<void> {
  const names = (await readdir(BUILDS)).filter((name) => name.startsWith(prefix));
  const dated = await Promise.all(
    names.map(async (name) => ({
      name,
      at: (await stat(join(BUILDS, name)).catch(() => null))?.mtimeMs ?? 0,
    })),
  );
  for (const { name } of dated.toSorted((a, b) => b.at - a.at).slice(KEPT_BUILDS))
    await rm(join(BUILDS, name), { recursive: true, force: true });
}

/** Of the names and contents of all sources. */
async function fingerprint(): Promise<string> {
  const hash = createHash("sha256");
  const files = (await Array.fromAsync(glob(SOURCES, { cwd: ROOT }))).sort();
  const contents = await Promise.all(files.map((file) => readFile(join(ROOT, file))));
  for (const [i, file] of files.entries())
    hash.update(`${file}\0${contents[i]?.length}\0`).update(contents[i] ?? "");
  return hash.digest("hex").slice(0, 16);
}

/** Another process was faster: what it built is as good. */
function ignoreTaken(error: NodeJS.ErrnoException): void {
  if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
}
