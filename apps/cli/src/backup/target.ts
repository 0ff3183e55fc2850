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

export function transactionIn(text: string): string {
  if (!/^\d{1,20}$/.test(text)) throw new InvalidArgumentError("Expected the number of a transaction.");
  return text;
}

export function lsnIn(text: string): string {
  if (!/^[0-9A-Fa-f]{1,8}\/[0-9A-Fa-f]{1,8}$/.test(text))
    throw new InvalidArgumentError("Expected a position of the log, as in 0/3000028.");
  return text;
}
