import type { KeyVersion } from "./versions.ts";

/** What an operator rotates by name. */
export const ROTATION_PURPOSES = ["jwt", "csrf", "encryption", "database"] as const;
export type RotationPurpose = (typeof ROTATION_PURPOSES)[number];

/** A kind of key with versions. Failures are `KeysError`s; `rotation-refused` says which step is possible instead. */
export interface Rotatable {
  readonly purpose: RotationPurpose;
  versions(): Promise<readonly KeyVersion[]>;
  /** Makes a version and lets the old one overlap. Resolves with the id of the newest version. */
  rotate(): Promise<string>;
  /** Ends the overlap now. */
  retire(id: string): Promise<void>;
  /** Wipes the material of a retired version for good. */
  destroy(id: string): Promise<void>;
}

/** The part of a database that is needed here: `Database` of `@rempart/database` fits. */
export interface Queryable {
  query<Row extends object>(text: string, values?: readonly unknown[]): Promise<Row[]>;
}

export interface TransactionalDatabase extends Queryable {
  transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T>;
}
