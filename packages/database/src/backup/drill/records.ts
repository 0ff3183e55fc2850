/** What drills found, kept with the backups they are about: a new machine knows when a recovery was last proven. */
import { BackupError } from "../errors.ts";
import type { BackupEngine } from "../ports.ts";
import { once, putSealed, readSealed, type Vault } from "../sealed/objects.ts";
import type { DrillReport } from "./report.ts";

export type DrillRecord =
  | DrillReport
  /** Nothing could be restored. */
  | { readonly startedAt: number; readonly passed: false; readonly error: string };

type EngineName = BackupEngine["name"];

/** Each engine's stand by themselves: that one of them can restore says nothing about another. */
const FOLDERS: Readonly<Record<EngineName, string>> = {
  "built-in": "drills/",
  pgbackrest: "drills/pgbackrest/",
  dump: "drills/dump/",
};
const MAX_BYTES = 1_048_576;
/** Older ones are removed: four years of weeks. */
const KEPT = 200;

export async function recordDrill(vault: Vault, engine: EngineName, record: DrillRecord): Promise<void> {
  const time = String(record.startedAt).padStart(15, "0");
  await putSealed(vault, `${FOLDERS[engine]}${time}`, once(Buffer.from(JSON.stringify(record))));
  const names = await recordNames(vault, engine);
  for (const name of names.slice(0, -KEPT)) await vault.repository.delete(name);
}

export interface DrillHistory {
  readonly newest: DrillRecord | null;
  /** Unix milliseconds of the newest that passed; null when none did, of the last twenty. */
  readonly passedAt: number | null;
}

const LOOKED_AT = 20;

/** Of drills of this engine's backups. Throws `object-altered` for a record that is none. */
export async function readDrills(vault: Vault, engine: EngineName = "built-in"): Promise<DrillHistory> {
  const names = (await recordNames(vault, engine)).slice(-LOOKED_AT).reverse();
  let newest: DrillRecord | null = null;
  for (const name of names) {
    const record = await readRecord(vault, name);
    newest ??= record;
    if (record.passed) return { newest, passedAt: record.startedAt };
  }
  return { newest, passedAt: null };
}

async function recordNames({ repository }: Vault, engine: EngineName): Promise<string[]> {
  const folder = FOLDERS[engine];
  const all = await Array.fromAsync(repository.list(folder), ({ name }) => name);
  return all.filter((name) => /^\d{15}$/.test(name.slice(folder.length)));
}

async function readRecord(vault: Vault, name: string): Promise<DrillRecord> {
  try {
    const record: unknown = JSON.parse(String(await readSealed(vault, name, MAX_BYTES)));
    if (isRecord(record)) return record;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new BackupError("object-altered", `${name} is not the record of a drill`, {
    details: { object: name },
  });
}

function isRecord(value: unknown): value is DrillRecord {
  if (typeof value !== "object" || value === null) return false;
  const { startedAt, passed, error, phases, checks } = value as Partial<Record<string, unknown>>;
  if (!Number.isSafeInteger(startedAt) || typeof passed !== "boolean") return false;
  return typeof error === "string" || (typeof phases === "object" && Array.isArray(checks));
}
