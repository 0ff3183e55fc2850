import { randomBytes } from "node:crypto";
import {
  chmod,
  chown,
  link,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { DatabaseError } from "../errors.ts";
import { type Account, accountFor, runningAsRoot } from "./account.ts";
import { blockedAt } from "./reach.ts";
import { SOCKET_PORT } from "./settings.ts";

/** Everything the embedded server keeps, below one directory. */
export interface Home {
  account: Account;
  /** PostgreSQL's own: mode 0700, owned by the account. */
  dataDirectory: string;
  socketDirectory: string;
  /** Removes what a stopped server needs no more. */
  tidy(): Promise<void>;
  /** The directory itself, without symbolic links. */
  path: string;
}

const SHARED_STATE = "/var/lib/rempart";

/** `sockaddr_un.sun_path` with its closing zero: 104 bytes on macOS and the BSDs, 108 on Linux (unix(7)). */
const MAX_SOCKET_PATH = process.platform === "linux" ? 107 : 103;

export async function prepareHome(directory: string): Promise<Home> {
  const owner = await ownerOf(join(directory, "data"));
  const account = await accountFor(owner);
  const path = await reachableDirectory(directory, account);
  const sockets = await socketDirectory(path, account);
  return {
    account,
    path,
    dataDirectory: join(path, "data"),
    socketDirectory: sockets,
    tidy: () => rm(sockets, { recursive: true, force: true }),
  };
}

async function ownerOf(path: string): Promise<Account | undefined> {
  return stat(path).catch(() => undefined);
}

/**
 * The directory, made when it is missing. Below a private home (root's, usually) the server's account cannot reach it: then
 * the data live under `/var/lib/rempart` and the directory becomes a symbolic link to there.
 */
async function reachableDirectory(directory: string, account: Account): Promise<string> {
  await mkdir(dirname(directory), { recursive: true });
  if (await isNew(directory)) {
    const blocked = await blockedAt(dirname(directory), account);
    if (blocked !== undefined) return relocated(directory);
    await mkdir(directory, { recursive: true, mode: runningAsRoot() ? 0o711 : 0o700 });
  }
  const path = await realpath(directory);
  if (!(await stat(path)).isDirectory()) {
    throw new DatabaseError(
      "damaged-directory",
      `${directory} is not a directory: move away what is in its place`,
    );
  }
  const blocked = await blockedAt(path, account);
  if (blocked === undefined) return path;
  throw new DatabaseError(
    "wrong-owner",
    `The account that runs PostgreSQL (user ${account.uid}) may not enter ${blocked}: allow it with chmod o+x, or choose another directory`,
  );
}

async function isNew(directory: string): Promise<boolean> {
  try {
    return (await lstat(directory)).isDirectory() && (await readdir(directory)).length === 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return true;
    throw error;
  }
}

async function relocated(directory: string): Promise<string> {
  await mkdir(SHARED_STATE, { recursive: true, mode: 0o755 });
  // A fresh name each time: removing the link means starting empty, never finding old data again.
  const home = await mkdtemp(join(SHARED_STATE, "postgres-"));
  await chmod(home, 0o711);
  await rm(directory, { recursive: true, force: true });
  await symlink(home, directory);
  return home;
}

/** Beside the data, or in the temporary directory when the path would be too long for a socket. */
async function socketDirectory(home: string, account: Account): Promise<string> {
  const near = join(home, "run");
  const fits = Buffer.byteLength(join(near, `.s.PGSQL.${SOCKET_PORT}`)) <= MAX_SOCKET_PATH;
  const path = fits ? near : await mkdtemp(join(tmpdir(), "rempart-"));
  await mkdir(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
  await chmod(path, 0o700);
  if (runningAsRoot()) await chown(path, account.uid, account.gid);
  return path;
}

const PASSWORD = /^[A-Za-z0-9_-]{43}$/;

/** The password kept in `file`, made at the first start. Whoever comes second reads what the first one wrote. */
export async function keptPassword(file: string): Promise<string> {
  await writeOnce(file, randomBytes(32).toString("base64url"));
  const password = await readFile(file, "utf8");
  if (PASSWORD.test(password)) return password;
  throw new DatabaseError("damaged-directory", `${file} does not hold a password: restore it from a backup`);
}

/** Written aside and linked into place, so the file is never seen half written; an existing one stays. */
async function writeOnce(file: string, content: string): Promise<void> {
  const scratch = `${file}.${process.pid}-${randomBytes(4).toString("hex")}`;
  try {
    await writeFile(scratch, content, { mode: 0o600, flag: "wx", flush: true });
    await link(scratch, file).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    });
  } finally {
    await rm(scratch, { force: true });
  }
}
