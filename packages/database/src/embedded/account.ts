import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { DatabaseError } from "../errors.ts";

const run = promisify(execFile);

/** The user the server's processes run as. PostgreSQL refuses to run as root. */
export interface Account {
  uid: number;
  gid: number;
}

const NAME = "postgres";

/** How to make a system account, by the tool at hand: shadow-utils, then BusyBox. */
const CREATE: readonly (readonly [string, readonly string[]])[] = [
  ["useradd", ["--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", NAME]],
  ["adduser", ["-S", "-D", "-H", "-s", "/sbin/nologin", NAME]],
];

export function runningAsRoot(): boolean {
  return process.getuid?.() === 0;
}

/**
 * The account for a server started by this process: ourselves, or when we are root the account that owns the data already,
 * or `postgres`, made when it does not exist. Throws `no-account`.
 */
export async function accountFor(dataOwner: Account | undefined): Promise<Account> {
  if (!runningAsRoot()) return { uid: process.getuid?.() ?? -1, gid: process.getgid?.() ?? -1 };
  if (dataOwner !== undefined && dataOwner.uid !== 0) return dataOwner;
  return (await lookUp(NAME)) ?? (await createAccount());
}

async function lookUp(name: string): Promise<Account | undefined> {
  try {
    const [uid, gid] = await Promise.all([run("id", ["-u", name]), run("id", ["-g", name])]);
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  } catch {
    return undefined;
  }
}

async function createAccount(): Promise<Account> {
  for (const [program, args] of CREATE) {
    const made = await run(program, [...args]).then(
      () => true,
      () => false,
    );
    const account = made ? await lookUp(NAME) : undefined;
    if (account !== undefined) return account;
  }
  throw new DatabaseError(
    "no-account",
    `PostgreSQL cannot run as root and the account "${NAME}" could not be made: create it, or start as an ordinary user`,
  );
}
