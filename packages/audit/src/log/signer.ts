import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import type { Database, Queryable } from "@rempart/database";
import { type Clock, type Random, type Uuid, uuidV7Generator } from "@rempart/kernel";
import type { Envelopes } from "@rempart/keys";
import { nodePrimitives } from "../node-primitives.ts";
import { type VerifierKey, verifierKey } from "../note/keys.ts";
import type { ObjectStore } from "../ports.ts";
import { logObjects } from "./objects.ts";
import type { LogSigner } from "./publish.ts";

interface SignerRow {
  id: Uuid;
  origin: string;
  generation: number;
  public_key: Buffer;
  sealed_key: string;
}

export interface SignerOptions {
  readonly database: Database;
  readonly envelopes: Envelopes;
  readonly clock: Clock;
  readonly random: Random;
  /** The log's name, if it has none yet: a URL without its scheme. What a log was called at first it is called for good. */
  readonly origin: string;
}

/** The raw key is the end of its SubjectPublicKeyInfo (RFC 8410, section 4). */
const RAW_KEY_BYTES = 32;
const FIRST_SIGNER_LOCK = "7235419380122632";

/** Who signs this database's log: as remembered, or made now, once for all processes that ask at the same time. */
export async function openSigner(options: SignerOptions): Promise<LogSigner> {
  const row = (await newestSigner(options.database)) ?? (await makeSigner(options));
  const pkcs8 = await options.envelopes.open(row.sealed_key, whereOf(row.id));
  const privateKey = createPrivateKey({ key: Buffer.from(pkcs8), format: "der", type: "pkcs8" });
  return signerOf(row, privateKey);
}

/** The files of the log that goes on now, among those of an installation. */
export async function presentLog(db: Queryable, objects: ObjectStore): Promise<ObjectStore> {
  return logObjects(objects, (await newestSigner(db))?.generation ?? 1);
}

/** The keys this log was ever signed with, the newest first: what to hand to whoever verifies. */
export async function signerKeys(db: Queryable): Promise<VerifierKey[]> {
  const rows = await db.query<Pick<SignerRow, "origin" | "public_key">>(
    "SELECT origin, public_key FROM audit_signers ORDER BY generation DESC, created_at DESC, id DESC",
  );
  return rows.map(publicKeyOf);
}

function publicKeyOf({ origin, public_key }: Pick<SignerRow, "origin" | "public_key">): VerifierKey {
  return verifierKey(nodePrimitives.sha256, { name: origin, kind: "log", publicKey: public_key });
}

function signerOf(row: SignerRow, privateKey: KeyObject): LogSigner {
  const { origin, generation } = row;
  return { origin, generation, key: publicKeyOf(row), sign: (message) => sign(null, message, privateKey) };
}

export async function newestSigner(db: Queryable): Promise<SignerRow | undefined> {
  const [row] = await db.query<SignerRow>(
    `SELECT id, origin, generation, public_key, sealed_key FROM audit_signers
     ORDER BY generation DESC, created_at DESC, id DESC LIMIT 1`,
  );
  return row;
}

function makeSigner(options: SignerOptions): Promise<SignerRow> {
  return options.database.transaction(async (tx) => {
    await tx.query("SELECT pg_advisory_xact_lock($1::bigint)", [FIRST_SIGNER_LOCK]);
    return (await newestSigner(tx)) ?? insertSigner(tx, options, 1);
  });
}

/** A new key for a log of this name, kept in the transaction given. */
export async function insertSigner(
  tx: Queryable,
  { envelopes, clock, random, origin }: Omit<SignerOptions, "database">,
  generation: number,
): Promise<SignerRow> {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const id = uuidV7Generator(clock, random)();
  const raw = publicKey.export({ format: "der", type: "spki" }).subarray(-RAW_KEY_BYTES);
  const sealed = await envelopes.seal(privateKey.export({ format: "der", type: "pkcs8" }), whereOf(id));
  await tx.query(
    `INSERT INTO audit_signers (id, origin, generation, public_key, sealed_key, created_at)
     VALUES ($1, $2, $3, $4, $5, $6)`,
    [id, origin, generation, raw, sealed, new Date(clock.now())],
  );
  return { id, origin, generation, public_key: raw, sealed_key: sealed };
}

function whereOf(id: Uuid): { table: string; column: string; row: string } {
  return { table: "audit_signers", column: "sealed_key", row: id };
}
