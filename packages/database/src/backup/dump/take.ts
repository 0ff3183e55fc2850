import { createReadStream } from "node:fs";
import { readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock, Random } from "@rempart/kernel";
import { createDatabase } from "../../pool/database.ts";
import { backupId } from "../manifest.ts";
import type { RunOptions } from "../ports.ts";
import { progressOf } from "../progress.ts";
import { putSealed, type Vault } from "../sealed/objects.ts";
import { assertNewEnough, type ClientPrograms } from "./client-programs.ts";
import {
  type DumpedFile,
  type DumpManifest,
  dumpedFileName,
  dumpFolder,
  ROLES_FILE,
  writeDumpManifest,
} from "./manifest.ts";
import { inPrivateFolder } from "./private-folder.ts";

export interface DumpPorts {
  readonly vault: Vault;
  readonly clock: Clock;
  readonly random: Random;
  readonly programs: ClientPrograms;
  /** Of the database. */
  readonly url: string;
  readonly workDirectory: string | undefined;
  readonly jobs: number;
}

/** One moment of one database and the roles of its server, each file sealed; the manifest last. */
export async function takeDump(ports: DumpPorts, options: RunOptions): Promise<DumpManifest> {
  const { vault, clock, random, programs } = ports;
  options.signal?.throwIfAborted();
  const server = await readServer(ports.url);
  const programVersion = await assertNewEnough(programs, "pg_dump", server.major);
  const id = backupId(clock.now(), random.bytes(4));
  try {
    return await inPrivateFolder(ports.workDirectory, async (folder) => {
      const startedAt = clock.now();
      await writeFiles(ports, folder, options);
      const files = await sealFiles(ports, id, folder, options);
      const { version: serverVersion, name: database, bytes: databaseBytes } = server;
      const stoppedAt = Math.max(clock.now(), startedAt);
      const known = { serverVersion, programVersion, database, databaseBytes, files };
      const manifest: DumpManifest = { format: 1, id, startedAt, stoppedAt, ...known };
      await writeDumpManifest(vault, manifest);
      return manifest;
    });
  } catch (error) {
    for await (const { name } of vault.repository.list(dumpFolder(id))) await vault.repository.delete(name);
    throw error;
  }
}

async function readServer(url: string) {
  const database = createDatabase({ url, poolSize: 1, applicationName: "rempart-backup" });
  try {
    const [row] = await database.query<{ number: number; name: string; bytes: number }>(
      `SELECT current_setting('server_version_num')::int AS number, current_database() AS name,
         pg_database_size(current_database())::bigint AS bytes`,
    );
    const { number = 0, name = "", bytes = 0 } = row ?? {};
    const major = Math.floor(number / 10_000);
    return { major, version: `${major}.${number % 10_000}`, name, bytes };
  } finally {
    await database.close();
  }
}

/** Level 3 of gzip: every version of `pg_restore` reads it, and more costs more than it saves. */
const DUMP = ["--format=directory", "--compress=3", "--no-password"];
/** Passwords stay where they are. */
const ROLES = ["--roles-only", "--no-role-passwords", "--no-password"];

async function writeFiles(
  { programs, url, jobs }: DumpPorts,
  folder: string,
  { signal }: RunOptions,
): Promise<void> {
  const roles = await programs.run("pg_dumpall", { url, args: ROLES, signal }, "server-refused");
  const args = [...DUMP, `--jobs=${jobs}`, `--file=${join(folder, "dump")}`];
  await programs.run("pg_dump", { url, args, signal }, "server-refused");
  await writeFile(join(folder, "dump", ROLES_FILE), roles.output, { mode: 0o600 });
}

async function sealFiles(
  { vault, clock }: DumpPorts,
  id: string,
  folder: string,
  { signal, onProgress }: RunOptions,
): Promise<readonly DumpedFile[]> {
  const names = (await readdir(join(folder, "dump"))).toSorted();
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, "dump", name))).size));
  const progress = progressOf(
    "copy",
    sizes.reduce((sum, size) => sum + size, 0),
    clock,
    onProgress,
  );
  const files: DumpedFile[] = [];
  let done = 0;
  for (const [index, name] of names.entries()) {
    const size = sizes[index] ?? 0;
    const content = createReadStream(join(folder, "dump", name), { highWaterMark: 1 << 20 });
    const stopping = signal === undefined ? {} : { signal };
    const storedBytes = await putSealed(vault, dumpedFileName(id, name), content, stopping);
    files.push({ name, size, storedBytes });
    done += size;
    progress(done);
  }
  return files;
}
