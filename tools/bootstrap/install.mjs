import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { lastLines, reasonFor, SetupError } from "./error.mjs";
import { MEMORY, MODULES, ROOT, RUNTIME, RUNTIME_BINARY, RUNTIME_PACKAGE } from "./paths.mjs";
import { runQuietly } from "./supervise.mjs";

const STAMP = join(MEMORY, "install.json");

/**
 * Installs what `mode` needs unless the last finished install still stands: `run` is what a server needs, `full` adds
 * what tests and checks need, and satisfies `run` too. The stamp is written after success only, so an interrupted
 * install is repeated.
 *
 * `npm install --no-save` and not `npm ci`: it keeps what is already there when `run` grows to `full`, it never touches
 * the lock file, and it accepts a registry that lacks packages of foreign platforms. That package.json and the lock
 * agree is checked by `npm run check`.
 */
export async function ensureInstalled(needed, progress) {
  const wanted = fingerprint();
  const stamp = readStamp();
  const mode = needed === "full" || hasDevelopmentTools() ? "full" : "run";
  if (!isCurrent(stamp, wanted, needed) || !existsSync(RUNTIME_BINARY)) {
    const label =
      mode === "run"
        ? "Installing what the server needs"
        : "Installing everything, development tools included";
    await progress.step(label, () => install(mode));
    requireRuntime();
    writeFileSync(STAMP, JSON.stringify({ fingerprint: wanted, mode }));
  }
  linkRuntime();
}

/** Somebody works in this checkout: what `npm start` installs must not take the tools away that `npm test` or npm put there. */
function hasDevelopmentTools() {
  return existsSync(join(MODULES, "typescript/package.json"));
}

export function isCurrent(stamp, fingerprint, mode) {
  return (
    stamp !== null && stamp.fingerprint === fingerprint && (stamp.mode === "full" || stamp.mode === mode)
  );
}

function fingerprint() {
  const lock = readFileSync(join(ROOT, "package-lock.json"));
  return createHash("sha256").update(lock).update(`${process.platform}/${process.arch}`).digest("hex");
}

function readStamp() {
  try {
    return JSON.parse(readFileSync(STAMP, "utf8"));
  } catch {
    return null;
  }
}

async function install(mode) {
  rmSync(STAMP, { force: true });
  const [program, ...first] = npm();
  const args = [
    ...first,
    "install",
    "--no-save",
    "--loglevel=error",
    "--no-progress",
    "--no-fund",
    "--no-audit",
  ];
  const scope = mode === "run" ? ["--omit=dev"] : ["--include=dev"];
  const { code, output } = await runQuietly(program, [...args, ...scope], { cwd: ROOT });
  if (code === 0) return;
  throw new SetupError(`Installing failed. ${reasonFor(output) ?? "npm said:"}\n${lastLines(output)}`);
}

/** The npm that started us, under the Node it runs on; without one, the npm of the PATH. */
function npm() {
  const { npm_execpath: script, npm_node_execpath: node } = process.env;
  const usable = script !== undefined && /npm-cli\.[cm]?js$/.test(script) && existsSync(script);
  return usable ? [node !== undefined && existsSync(node) ? node : process.execPath, script] : ["npm"];
}

function requireRuntime() {
  if (existsSync(RUNTIME_BINARY)) return;
  throw new SetupError(
    `Installing ended without the Node that Rempart runs on (package ${RUNTIME_PACKAGE}). ` +
      "Either this platform has none, or npm was told to leave out optional packages: run `npm config delete omit`, remove node_modules and try again.",
  );
}

/** npm 10 installs the package but leaves its link out when several platforms offer the same command. */
function linkRuntime() {
  if (process.platform === "win32" || existsSync(RUNTIME)) return;
  mkdirSync(dirname(RUNTIME), { recursive: true });
  if (lstatSync(RUNTIME, { throwIfNoEntry: false })) rmSync(RUNTIME);
  chmodSync(RUNTIME_BINARY, 0o755);
  symlinkSync(relative(dirname(RUNTIME), RUNTIME_BINARY), RUNTIME);
}
