import { explain } from "@rempart/kernel";
import type { Database, Queryable, Transaction } from "../../pool/ports.ts";
import { BackupError } from "../errors.ts";
import type { Vault } from "../sealed/objects.ts";
import { nextOnes } from "./keeper.ts";
import { readErasures, surveyLedger } from "./ledger.ts";
import type { Erasure } from "./page.ts";

/** What an application knows of a kind of erasure. */
export interface ErasureKind {
  /** Does it again. False when there was nothing left to erase. */
  erase(tx: Transaction, erasure: Erasure): Promise<boolean>;
  /** Of these subjects those of whom something is still there. */
  remaining(database: Queryable, subjects: readonly string[]): Promise<readonly string[]>;
  /** The kind that takes an earlier one of this kind back. */
  readonly takenBackBy?: string;
}

export interface ReplayOptions {
  readonly kinds: Readonly<Record<string, ErasureKind>>;
  /** Told of what was there again and was erased again, in the same transaction. */
  readonly record?: (tx: Transaction, erasure: Erasure) => Promise<void>;
  /** Told what of the ledger is lost, instead of ending with `erasures-lost`: whom it named stays in the database. */
  readonly onLoss?: (loss: readonly string[]) => Promise<void>;
}

export interface ReplayReport {
  /** That the ledger has and the restored database did not know of. */
  readonly replayed: number;
  /** Of whom something was there. */
  readonly erased: number;
}

/**
 * Does every erasure again that is younger than what was restored. Each is one transaction, and what ends this in the middle
 * is finished by doing it once more. Throws `erasures-lost` when the ledger is not whole, or has kinds that are not known.
 */
export async function replayErasures(
  database: Database,
  vault: Vault,
  options: ReplayOptions,
): Promise<ReplayReport> {
  const { pages, loss } = await readLedger(database, vault);
  if (loss.length > 0) await tellLoss(loss, options);
  const takenBack = takenBackAmong(pages, options.kinds);
  let [replayed, erased] = [0, 0];
  for (const { number, erasures } of pages)
    for (const erasure of erasures) {
      const done = await replay(database, { erasure, number }, takenBack, options);
      if (done !== "known") replayed += 1;
      if (done === "erased") erased += 1;
    }
  return { replayed, erased };
}

/** Subjects of the ledger, as `kind subject`, of whom something is in the database. What is wrong with the ledger is told too. */
export async function findErased(
  database: Queryable,
  vault: Vault,
  kinds: ReplayOptions["kinds"],
): Promise<readonly string[]> {
  const { pages: written, loss } = await readWhole(vault, 0, 0);
  const pages = [...written, { number: Number.POSITIVE_INFINITY, erasures: await nextOnes(database) }];
  const takenBack = takenBackAmong(pages, kinds);
  const counted = pages.flatMap(({ erasures }) => erasures).filter((erasure) => !takenBack.has(erasure));
  const findings = [...loss];
  for (const [kind, erasures] of Map.groupBy(counted, (erasure) => erasure.kind)) {
    const subjects = [...new Set(erasures.map(({ subject }) => subject))];
    const found = (await kinds[kind]?.remaining(database, subjects)) ?? [];
    findings.push(...found.map((subject) => `${kind} ${subject}: restored, and erased before`));
  }
  return findings;
}

interface Page {
  readonly number: number;
  readonly erasures: readonly Erasure[];
}

interface Ledger {
  readonly pages: readonly Page[];
  /** In words; empty when it is whole. */
  readonly loss: readonly string[];
}

/** What stands on pages before the last that the database knows, it has done; of the last it may have been stopped in the middle. */
async function readLedger(database: Queryable, vault: Vault): Promise<Ledger> {
  const [row] = await database.query<{ page: number }>("SELECT coalesce(max(page), 0) AS page FROM erasures");
  const known = row?.page ?? 0;
  return readWhole(vault, known, known - 1);
}

async function readWhole(vault: Vault, known: number, after: number): Promise<Ledger> {
  const { present, missing } = await surveyLedger(vault, known);
  const loss = missing.map((number) => `page ${number} of the erasure ledger is missing`);
  const pages: Page[] = [];
  for (const number of present.filter((one) => one > after)) {
    try {
      pages.push({ number, erasures: await readErasures(vault, number) });
    } catch (error) {
      if (!(error instanceof BackupError) || !LOST.has(error.code)) throw error;
      loss.push(explain(error));
    }
  }
  return { pages, loss };
}

const LOST: ReadonlySet<string> = new Set(["object-missing", "object-altered", "wrong-key"]);

async function tellLoss(loss: readonly string[], { onLoss }: ReplayOptions): Promise<void> {
  if (onLoss !== undefined) return onLoss(loss);
  throw new BackupError(
    "erasures-lost",
    `people who were erased may be in the restored database: ${loss.slice(0, 3).join("; ")}`,
    { details: { lost: loss.length } },
  );
}

/** Those after which one of the kind that takes them back names the same subject. */
function takenBackAmong(pages: readonly Page[], kinds: ReplayOptions["kinds"]): ReadonlySet<Erasure> {
  const all = pages.flatMap(({ erasures }) => erasures);
  const back = new Map<string, number>();
  for (const [index, { kind, subject }] of all.entries()) back.set(`${kind} ${subject}`, index);
  return new Set(
    all.filter(
      ({ kind, subject }, index) => (back.get(`${kinds[kind]?.takenBackBy} ${subject}`) ?? -1) > index,
    ),
  );
}

async function replay(
  database: Database,
  { erasure, number }: { readonly erasure: Erasure; readonly number: number },
  takenBack: ReadonlySet<Erasure>,
  { kinds, record }: ReplayOptions,
): Promise<"known" | "nothing" | "erased"> {
  const kind = knownKind(erasure, kinds);
  return database.transaction(async (tx) => {
    if (!(await isNew(tx, erasure, number))) return "known";
    if (kind === null || takenBack.has(erasure)) return "nothing";
    if (!(await kind.erase(tx, erasure))) return "nothing";
    await record?.(tx, erasure);
    return "erased";
  });
}

/** Null for one that only takes another back. */
function knownKind({ kind }: Erasure, kinds: ReplayOptions["kinds"]): ErasureKind | null {
  const known = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
  if (known !== undefined) return known;
  if (Object.values(kinds).some(({ takenBackBy }) => takenBackBy === kind)) return null;
  throw new BackupError(
    "erasures-lost",
    `the erasure ledger has a kind ${JSON.stringify(kind)} that is not known here: restore with the version that wrote it`,
  );
}

/** The row first: what erases then is not recorded as a second erasure. */
async function isNew(tx: Transaction, { id, kind, subject, at }: Erasure, page: number): Promise<boolean> {
  const inserted = await tx.query(
    `INSERT INTO erasures (id, kind, subject, erased_at, page) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (id) DO NOTHING RETURNING id`,
    [id, kind, subject, new Date(at), page],
  );
  if (inserted.length > 0) return true;
  await tx.query("UPDATE erasures SET page = coalesce(page, $2) WHERE id = $1", [id, page]);
  return false;
}
