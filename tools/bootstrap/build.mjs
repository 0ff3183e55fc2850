import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { lastLines, reasonFor, SetupError } from "./error.mjs";
import { MEMORY, ROOT, RUNTIME } from "./paths.mjs";
import { runQuietly } from "./supervise.mjs";

const WEB = join(ROOT, "apps/messenger/web");
const STAMP = join(MEMORY, "web-client");
/** Everything that ends up in the bundle. */
const SOURCES = [
  "apps/messenger/web",
  "packages/ui",
  "packages/messaging",
  "packages/audit",
  "packages/kernel",
  "package-lock.json",
];
const NOT_SOURCES = new Set(["node_modules", "dist", "test", "vectors"]);

/** Builds the web client unless the last finished build was made of exactly these sources. */
export async function ensureWebClient(progress) {
  const wanted = fingerprint(ROOT, SOURCES);
  if (existsSync(join(WEB, "dist/index.html")) && readStamp() === wanted) return;
  await progress.step("Building the web client", build);
  writeFileSync(STAMP, wanted);
}

async function build() {
  rmSync(STAMP, { force: true });
  const vite = join(ROOT, "node_modules/vite/bin/vite.js");
  const { code, output } = await runQuietly(RUNTIME, [vite, "build", "--logLevel", "warn"], { cwd: WEB });
  if (code === 0) return;
  throw new SetupError(
    `Building the web client failed. ${reasonFor(output) ?? "Vite said:"}\n${lastLines(output, 30)}`,
  );
}

/** A digest over the paths and contents of all source files below `paths`. */
export function fingerprint(root, paths) {
  const hash = createHash("sha256");
  for (const path of paths) {
    for (const file of filesBelow(join(root, path))) {
      hash
        .update(`${relative(root, file)}\0`)
        .update(readFileSync(file))
        .update("\0");
    }
  }
  return hash.digest("hex");
}

function filesBelow(path) {
  if (!existsSync(path)) return [];
  const entries = listDirectory(path);
  if (entries === null) return [path];
  return entries
    .filter((entry) => !NOT_SOURCES.has(entry.name) && !/\.test\.tsx?$/.test(entry.name))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) =>
      entry.isDirectory() ? filesBelow(join(path, entry.name)) : [join(path, entry.name)],
    );
}

/** Null for a file. */
function listDirectory(path) {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch (error) {
    if (error.code === "ENOTDIR") return null;
    throw error;
  }
}

function readStamp() {
  try {
    return readFileSync(STAMP, "utf8");
  } catch {
    return null;
  }
}
