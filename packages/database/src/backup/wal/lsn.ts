/** A position in the log of changes: 64 bits, written as two hexadecimal halves (PostgreSQL, type `pg_lsn`). */
export type Lsn = bigint;

const LSN = /^([0-9A-Fa-f]{1,8})\/([0-9A-Fa-f]{1,8})$/;

/** Null for any other text. */
export function parseLsn(text: string): Lsn | null {
  const [, high, low] = LSN.exec(text) ?? [];
  return high === undefined ? null : (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
}

export function formatLsn(lsn: Lsn): string {
  return `${(lsn >> 32n).toString(16)}/${(lsn & 0xffffffffn).toString(16)}`.toUpperCase();
}
