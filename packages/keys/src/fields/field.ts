import { fromUtf8, utf8 } from "@rempart/kernel";
import { KeysError } from "../errors.ts";
import type { Envelopes } from "../ports.ts";
import { blindIndex } from "./blind-index.ts";
import type { FieldKind } from "./kinds.ts";

export interface EncryptedFieldOptions<T> {
  readonly envelopes: Envelopes;
  readonly table: string;
  readonly column: string;
  readonly kind: FieldKind<T>;
  /** Absent: the field cannot be searched. See `blindIndex` for the key, and for what the index shows. */
  readonly index?: { readonly key: Uint8Array; readonly bits?: number };
}

export interface SealedField {
  readonly envelope: string;
  /** For the index column; null without an index, and for a value that is nothing to a search. */
  readonly index: string | null;
}

export interface EncryptedField<T> {
  /** `row` is the primary key: the envelope opens in that row only. Rejects with `KeysError` `invalid-field`. */
  seal(value: T, row: string): Promise<SealedField>;
  open(envelope: string, row: string): Promise<T>;
  /** What to look for in the index column. The rows found must be opened and compared: entries are shared. */
  indexOf(value: T): string | null;
}

/** One encrypted column of personal data. */
export function encryptedField<T>(options: EncryptedFieldOptions<T>): EncryptedField<T> {
  const { envelopes, table, column, kind, index } = options;
  const search = index === undefined ? null : blindIndex({ ...index, table, column });
  const whereIs = (row: string) => ({ table, column, row });

  function indexOf(value: T): string | null {
    const searchKey = kind.searchKey(value);
    return search === null || searchKey === null ? null : search.of(searchKey);
  }

  return {
    indexOf,
    async seal(value, row) {
      const text = kind.encode(value);
      if (text === null)
        throw new KeysError("invalid-field", `not a value of ${table}.${column}: ${kind.name} expected`);
      return { envelope: await envelopes.seal(utf8(text), whereIs(row)), index: indexOf(value) };
    },
    async open(envelope, row) {
      const text = fromUtf8(await envelopes.open(envelope, whereIs(row)));
      const value = text === null ? null : kind.decode(text);
      if (value === null)
        throw new KeysError("invalid-field", `${table}.${column} holds something else than ${kind.name}`);
      return value;
    },
  };
}
