/** Published files that were lost or damaged, made anew in their place, when the database proves that they are the same. */
import type { Database, Transaction } from "@rempart/database";
import { equalBytes, utf8 } from "@rempart/kernel";
import { AuditError } from "../errors.ts";
import type { ObjectStore } from "../ports.ts";
import {
  judgeCheckpoint,
  type Primitives,
  type TrustedCheckpoint,
  type TrustPolicy,
} from "../proof/verify.ts";
import { append, EMPTY_EDGE, rootOf } from "../tree/edge.ts";
import { type TreeHash, treeHash } from "../tree/hash.ts";
import { entriesPath, TILE_WIDTH } from "../tree/tiles.ts";
import { unpackEntries } from "./bundle.ts";
import { entryBytes, type LeafRow, leavesFrom, MAX_ENTRIES_PER_HEAD } from "./leaves.ts";
import { CHECKPOINT_PATH, logObjects } from "./objects.ts";
import { rebuild } from "./rebuild.ts";
import type { Record as RecordEvent } from "./record.ts";
import { SEQUENCER_LOCK } from "./sequencer.ts";
import { newestSigner } from "./signer.ts";

export interface RepairOptions {
  readonly database: Database;
  /** Of the installation. */
  readonly objects: ObjectStore;
  readonly primitives: Primitives;
  /** Whose heads the database must prove. Witnesses sign what is published: their signatures are not asked for here. */
  readonly policy: TrustPolicy;
  readonly record: RecordEvent;
}

export interface Repaired {
  /** Of the head that the files are whole for. */
  readonly size: number;
  /** That were written anew. */
  readonly files: readonly string[];
  /** Bundles that are damaged and stay so: of their entries the database has pruned some. */
  readonly beyond: readonly string[];
}

/**
 * Compares each file of the log with what the database's places make, and writes those anew that differ. Before, the places must
 * add up to the last head that was remembered and to the published one, each signed by the log, and every entry must be
 * the one of its place: otherwise nothing is written, and this throws `AuditError` `log-rolled-back` or `log-diverged`. What was
 * written is recorded. Runs under the sequencer's lock; a sequencer goes on by itself afterwards.
 */
export function repairLog(options: RepairOptions): Promise<Repaired> {
  return options.database.transaction((tx) => repair(tx, options), { attempts: 1 });
}

async function repair(tx: Transaction, options: RepairOptions): Promise<Repaired> {
  await tx.query("SELECT pg_advisory_xact_lock($1::bigint)", [SEQUENCER_LOCK]);
  const generation = (await newestSigner(tx))?.generation ?? 1;
  const own = logObjects(options.objects, generation);
  const hash = treeHash(options.primitives.sha256);
  const remembered = await rememberedNote(tx, options);
  const published = await own.get(CHECKPOINT_PATH);
  const shown = published && (await believed(options, published));
  const heads = [remembered.head, ...(shown ? [shown] : [])].toSorted((a, b) => a.size - b.size);
  await prove(tx, hash, heads);
  if (!shown) await assertNothingBeyond(own, remembered.head.size);
  const mending = new Mending(own);
  for (const size of new Set(heads.map((head) => head.size)))
    await rebuild(tx, { hash, objects: mending.store, earlier: recovered(own, size) }, size);
  if (!shown || shown.size < remembered.head.size) await mending.show(remembered.note, published);
  const { files, beyond } = mending;
  const size = heads.at(-1)?.size ?? 0;
  if (files.length > 0) await recordRepair(tx, options, { size, files, beyond });
  return { size, files, beyond };
}

interface RememberedNote {
  readonly note: Uint8Array;
  readonly head: TrustedCheckpoint;
}

async function rememberedNote(tx: Transaction, options: RepairOptions): Promise<RememberedNote> {
  const [row] = await tx.query<{ note: string }>(
    "SELECT note FROM audit_checkpoints ORDER BY size DESC LIMIT 1",
  );
  if (row === undefined) throw new AuditError("not-broken", "no head was signed yet");
  const note = utf8(row.note);
  const head = await believed(options, note);
  if (head === null)
    throw new AuditError(
      "log-diverged",
      "the last head that the database remembers is not signed by this log",
    );
  return { note, head };
}

async function believed(
  { primitives, policy }: RepairOptions,
  note: Uint8Array,
): Promise<TrustedCheckpoint | null> {
  const judged = await judgeCheckpoint(primitives, note, { ...policy, quorum: 0 });
  return judged.ok ? judged.value : null;
}

/** `heads` rise. */
async function prove(tx: Transaction, hash: TreeHash, heads: readonly TrustedCheckpoint[]): Promise<void> {
  let edge = EMPTY_EDGE;
  for (const { size, root } of heads) {
    while (edge.size < size) {
      const rows = await leavesFrom(tx, edge.size, Math.min(MAX_ENTRIES_PER_HEAD, size - edge.size));
      if (rows.length === 0)
        throw new AuditError("log-rolled-back", `${size} entries were signed, the database has ${edge.size}`);
      edge = append(
        hash,
        edge,
        rows.map((row) => provenLeaf(hash, row)),
      ).edge;
    }
    if (!equalBytes(rootOf(hash, edge), root))
      throw new AuditError("log-diverged", `the head of ${size} entries was signed over other entries`);
  }
}

function provenLeaf(hash: TreeHash, row: LeafRow): Uint8Array {
  if (row.id !== null && !equalBytes(hash.leaf(entryBytes(row)), row.leaf_hash))
    throw new AuditError(
      "log-diverged",
      `the entry of place ${row.leaf_index} is not the one that was signed`,
    );
  return row.leaf_hash;
}

/** Without a published head its files tell that there was a newer one: of a database from before it, nothing is published. */
async function assertNothingBeyond(own: ObjectStore, size: number): Promise<void> {
  const block = Math.floor(size / TILE_WIDTH);
  const wider = Array.from({ length: TILE_WIDTH - (size % TILE_WIDTH) }, (_, i) => TILE_WIDTH - i);
  const found = await Promise.all(wider.map((width) => own.get(entriesPath(block, width))));
  if (found.some((bundle) => bundle !== null))
    throw new AuditError(
      "log-rolled-back",
      `the files hold more than the ${size} entries that are remembered`,
    );
}

/** Where entries stand whose rows were pruned: in the log's own bundles, the last of which is partial. */
function recovered(own: ObjectStore, size: number): ObjectStore {
  const last = Math.floor(size / TILE_WIDTH);
  const partial = size % TILE_WIDTH;
  return {
    ...own,
    get: (path) =>
      own.get(path === entriesPath(last, TILE_WIDTH) && partial > 0 ? entriesPath(last, partial) : path),
  };
}

/** Writes what differs from what is there. */
class Mending {
  readonly files: string[] = [];
  readonly beyond: string[] = [];
  readonly store: ObjectStore;
  readonly #own: ObjectStore;

  constructor(own: ObjectStore) {
    this.#own = own;
    this.store = { ...own, put: (path, content) => this.#put(path, content) };
  }

  async #put(path: string, content: Uint8Array): Promise<void> {
    const present = await this.#own.get(path);
    if (present !== null && equalBytes(present, content)) return;
    if (isBundle(path) && unpackEntries(content)?.some((entry) => entry.length === 0)) {
      this.beyond.push(path);
      return;
    }
    await this.#own.put(path, content);
    this.files.push(path);
  }

  async show(note: Uint8Array, published: Uint8Array | null): Promise<void> {
    if (!(await this.#own.replace(CHECKPOINT_PATH, note, published)))
      throw new AuditError("overtaken", "another process published meanwhile, and its head stands");
    this.files.push(CHECKPOINT_PATH);
  }
}

function isBundle(path: string): boolean {
  return path.startsWith("tile/entries/");
}

const LISTED = 20;

async function recordRepair(
  tx: Transaction,
  { record, policy }: RepairOptions,
  { size, files, beyond }: Repaired,
): Promise<void> {
  const metadata = { size, repaired: files.length, files: files.slice(0, LISTED), beyond: beyond.length };
  const resource = { type: "log", id: policy.origin, metadata };
  await record(tx, { type: "audit.repaired", resource, allow: Object.keys(metadata) });
}
