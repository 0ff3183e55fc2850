import { spawn } from "node:child_process";
import { chmod, chown, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "./ports.ts";
import { requireService } from "./services.ts";

export interface TestPgBouncer extends AsyncDisposable {
  /** Of the same database and role as the server's address. */
  url: string;
  stop(): Promise<void>;
}

/**
 * PgBouncer before the server with this address, under this configuration, of which address, port and who may connect are
 * changed for the test. Ask `requireService("pgbouncer")` first whether there is one.
 */
export async function startPgBouncer(serverUrl: string, configuration: string): Promise<TestPgBouncer> {
  const { path, skip } = await requireService("pgbouncer");
  if (path === undefined) throw new Error(skip);
  const { username, password, pathname, searchParams, hostname } = new URL(serverUrl);
  const [user, secret] = [decodeURIComponent(username), decodeURIComponent(password)];
  const account = await ownerOf(searchParams.get("host") ?? hostname);
  const directory = await mkdtemp(join(tmpdir(), "rempart-pgbouncer-"));
  const port = await freePort();
  const file = join(directory, "pgbouncer.ini");
  const users = join(directory, "userlist.txt");
  await writeFile(file, `${changed(configuration, { port, users })}`);
  await writeFile(users, `"${user}" "${secret}"\n`);
  if (account.uid !== undefined) {
    for (const place of [directory, file, users]) await chown(place, account.uid, account.gid);
  }
  await chmod(directory, 0o700);
  const child = spawn(path, ["-q", file], { ...account, stdio: "ignore" });
  const endWithUs = (): void => void child.kill("SIGKILL");
  process.once("exit", endWithUs);
  await listening(port);
  const stop = async (): Promise<void> => {
    process.off("exit", endWithUs);
    const ended = new Promise((resolve) => child.once("exit", resolve));
    if (child.exitCode === null && child.kill("SIGKILL")) await ended;
    await rm(directory, { recursive: true, force: true });
  };
  const url = `postgres://${username}:${password}@127.0.0.1:${port}${pathname}`;
  return { url, stop, [Symbol.asyncDispose]: stop };
}

/** As root under the account that may use the server's socket: PgBouncer refuses to run as root, and the socket lets in its owner. */
async function ownerOf(
  host: string,
): Promise<{ uid: number; gid: number } | { uid?: undefined; gid?: undefined }> {
  if (process.getuid?.() !== 0 || !host.startsWith("/")) return {};
  const { uid, gid } = await stat(host);
  return { uid, gid };
}

function changed(configuration: string, { port, users }: { port: number; users: string }): string {
  return configuration
    .replace(/^listen_port = .*$/m, `listen_port = ${port}`)
    .replace(/^auth_file = .*$/m, `auth_file = ${users}\nunix_socket_dir =`);
}

async function listening(port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    const up = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => resolve(true));
      socket.once("error", () => resolve(false)).once("connect", () => socket.destroy());
    });
    if (up) return;
    await sleep(25);
  }
  throw new Error("pgbouncer did not start");
}
