import { join } from "node:path";
import type { Clock } from "@rempart/kernel";
import { explain } from "@rempart/kernel";
import { BackupError } from "../errors.ts";
import type { BackupFinding, VerifyOptions, VerifyReport } from "../ports.ts";
import { progressOf } from "../progress.ts";
import type { Vault } from "../sealed/objects.ts";
import type { ClientPrograms } from "./client-programs.ts";
import { assertNewEnough } from "./client-programs.ts";
import { dumpedBytes, dumpFolder, dumpIds, readDumpManifest } from "./manifest.ts";
import { openDump } from "./open.ts";
import { inPrivateFolder } from "./private-folder.ts";

export interface DumpVerifyPorts {
  readonly vault: Vault;
  readonly clock: Clock;
  readonly programs: ClientPrograms;
  readonly workDirectory: string | undefined;
}

const FINDINGS: ReadonlySet<string> = new Set(["object-missing", "object-altered", "wrong-key", "no-backup"]);

/** Opens every file of a dump, and lets `pg_restore` read its list. Only that list is written to disk. */
export async function verifyDump(ports: DumpVerifyPorts, options: VerifyOptions): Promise<VerifyReport> {
  const id = options.backup ?? (await dumpIds(ports.vault)).at(-1) ?? null;
  if (id === null)
    return reportOf(null, [{ code: "no-backup", name: "dumps/", detail: "there is no whole dump" }]);
  try {
    return await look(ports, id, options);
  } catch (error) {
    if (!(error instanceof BackupError) || !FINDINGS.has(error.code)) throw error;
    const { object } = error.details;
    const name = typeof object === "string" ? object : dumpFolder(id);
    return reportOf(id, [{ code: error.code as BackupFinding["code"], name, detail: explain(error) }]);
  }
}

async function look(ports: DumpVerifyPorts, id: string, options: VerifyOptions): Promise<VerifyReport> {
  const { vault, clock, programs } = ports;
  const { signal } = options;
  const manifest = await readDumpManifest(vault, id);
  await assertNewEnough(programs, "pg_restore", manifest.programVersion);
  const bytes = dumpedBytes(manifest);
  const onBytes = progressOf("verify", bytes, clock, options.onProgress);
  await inPrivateFolder(ports.workDirectory, async (folder) => {
    const wanted = (name: string): boolean => name.endsWith(".toc") || name === "toc.dat";
    await openDump(vault, manifest, join(folder, "dump"), { signal, onBytes, wanted });
    await programs.run("pg_restore", { args: ["--list", join(folder, "dump")], signal }, "object-altered");
  });
  return {
    ...reportOf(id, []),
    objects: manifest.files.length + 1,
    bytes,
    recoverableTo: manifest.startedAt,
  };
}

function reportOf(backup: string | null, findings: readonly BackupFinding[]): VerifyReport {
  return { backup, findings, objects: 0, bytes: 0, recoverableTo: null };
}
