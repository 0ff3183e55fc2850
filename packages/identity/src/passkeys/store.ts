import type { Queryable } from "@rempart/database";
import type { Uuid } from "@rempart/kernel";
import { instant } from "../context.ts";

/** A passkey as its owner sees it. Times are Unix milliseconds. */
export interface Passkey {
  readonly id: Uuid;
  readonly name: string;
  readonly createdAt: number;
  readonly lastUsedAt: number | null;
  /** Its provider copies it to other devices. */
  readonly backedUp: boolean;
}

/** A passkey as it is checked. */
export interface StoredPasskey extends Passkey {
  readonly userId: Uuid;
  readonly credentialId: Buffer;
  readonly publicKey: Buffer;
  readonly counter: number;
  readonly transports: readonly string[];
}

interface PasskeyRow {
  id: Uuid;
  user_id: Uuid;
  credential_id: Buffer;
  public_key: Buffer;
  counter: number;
  transports: string[];
  backed_up: boolean;
  name: string;
  created_at: Date;
  last_used_at: Date | null;
}

export type NewPasskey = Omit<StoredPasskey, "lastUsedAt">;

/** Violates `passkeys_credential_id_key` when somebody has this credential already. */
export async function insertPasskey(tx: Queryable, passkey: NewPasskey): Promise<void> {
  await tx.query(
    `INSERT INTO passkeys
       (id, user_id, credential_id, public_key, counter, transports, backed_up, name, created_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      passkey.id,
      passkey.userId,
      passkey.credentialId,
      passkey.publicKey,
      passkey.counter,
      passkey.transports,
      passkey.backedUp,
      passkey.name,
      instant(passkey.createdAt),
    ],
  );
}

export async function listPasskeys(db: Queryable, userId: Uuid): Promise<StoredPasskey[]> {
  const rows = await db.query<PasskeyRow>("SELECT * FROM passkeys WHERE user_id = $1 ORDER BY id", [userId]);
  return rows.map(toPasskey);
}

export async function findPasskey(db: Queryable, credentialId: Uint8Array): Promise<StoredPasskey | null> {
  const [row] = await db.query<PasskeyRow>("SELECT * FROM passkeys WHERE credential_id = $1", [credentialId]);
  return row === undefined ? null : toPasskey(row);
}

export async function noteUse(
  tx: Queryable,
  id: Uuid,
  use: { readonly counter: number; readonly backedUp: boolean; readonly at: number },
): Promise<void> {
  await tx.query("UPDATE passkeys SET counter = $2, backed_up = $3, last_used_at = $4 WHERE id = $1", [
    id,
    use.counter,
    use.backedUp,
    instant(use.at),
  ]);
}

/** False: this user has no such passkey. */
export async function renamePasskeyRow(
  db: Queryable,
  userId: Uuid,
  id: Uuid,
  name: string,
): Promise<boolean> {
  const rows = await db.query("UPDATE passkeys SET name = $3 WHERE id = $2 AND user_id = $1 RETURNING id", [
    userId,
    id,
    name,
  ]);
  return rows.length > 0;
}

export async function deletePasskey(tx: Queryable, userId: Uuid, id: Uuid): Promise<boolean> {
  const rows = await tx.query("DELETE FROM passkeys WHERE id = $2 AND user_id = $1 RETURNING id", [
    userId,
    id,
  ]);
  return rows.length > 0;
}

function toPasskey(row: PasskeyRow): StoredPasskey {
  return {
    id: row.id,
    userId: row.user_id,
    credentialId: row.credential_id,
    publicKey: row.public_key,
    counter: row.counter,
    transports: row.transports,
    backedUp: row.backed_up,
    name: row.name,
    createdAt: row.created_at.getTime(),
    lastUsedAt: row.last_used_at?.getTime() ?? null,
  };
}
