import type { RecoveryTarget } from "@rempart/database/backup";
import { InvalidArgumentError } from "commander";

export interface TargetOptions {
  readonly time?: number;
  readonly transaction?: string;
  readonly name?: string;
  readonly lsn?: string;
}

/** What was asked for; without an option, the newest there is. Null for more than one. */
export function targetOf({ time, transaction, name, lsn }: TargetOptions): RecoveryTarget | null {
  const asked: RecoveryTarget[] = [
    ...(time === undefined ? [] : [{ kind: "time", at: time } as const]),
    ...(transaction === undefined ? [] : [{ kind: "transaction", id: transaction } as const]),
    ...(name === undefined ? [] : [{ kind: "name", name } as const]),
    ...(lsn === undefined ? [] : [{ kind: "lsn", lsn } as const]),
  ];
  return asked.length > 1 ? null : (asked[0] ?? { kind: "latest" });
}

/** A time with its zone: without one, two machines would read two times. */
export function timeIn(text: string): number {
  const at = /(?:Z|[+-]\d{2}:?\d{2})$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at))
    throw new InvalidArgumentError("Not a time with its zone, as in 2026-11-21T12:30:00Z.");
  return at;
}

export function transactionIn(text: string): string {
  if (!/^\d{1,20}$/.test(text)) throw new InvalidArgumentError("Not the number of a transaction.");
  return text;
}

export function lsnIn(text: string): string {
  if (!/^[0-9A-Fa-f]{1,8}\/[0-9A-Fa-f]{1,8}$/.test(text))
    throw new InvalidArgumentError("Not a position of the log, as in 0/3000028.");
  return text;
}
