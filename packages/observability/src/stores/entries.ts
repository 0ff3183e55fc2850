/** What is held, as entries by kind and key, and back. */

import type { Letter } from "../alerting/letters.ts";
import type { Mute } from "../alerting/mutes.ts";
import type { AlertRecord, GroupRecord, Reporter } from "../alerting/state.ts";
import { type Held, NOTHING_HELD } from "../alerting/store.ts";

export interface Entry {
  readonly kind: string;
  readonly key: string;
  /** JSON; null: it is gone. */
  readonly body: string | null;
}

type Table = ReadonlyMap<string, unknown>;

function tablesOf({ state, letters }: Held): Readonly<Record<string, Table>> {
  const { alerts, groups, reporters, mutes, at } = state;
  const clock: Table = at === null ? new Map() : new Map([["clock", at]]);
  return { alert: alerts, group: groups, reporter: reporters, mute: mutes, letter: letters, clock };
}

/** The entries that are not the same objects before and after. */
export function changedEntries(before: Held, after: Held): Entry[] {
  const [old, next] = [tablesOf(before), tablesOf(after)];
  return Object.entries(next).flatMap(([kind, table]) => {
    const was = old[kind] ?? new Map();
    if (was === table) return [];
    const written = [...table].filter(([key, entry]) => was.get(key) !== entry);
    const gone = [...was.keys()].filter((key) => !table.has(key));
    return [
      ...written.map(([key, entry]) => ({ kind, key, body: JSON.stringify(entry, asText) })),
      ...gone.map((key) => ({ kind, key, body: null })),
    ];
  });
}

/** JSON has no word for what is not finite. */
function asText(_: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
}

export interface StoredEntry {
  readonly kind: string;
  readonly key: string;
  readonly body: unknown;
}

/** What is held after these changes. */
export function withEntries(held: Held, changes: readonly StoredEntry[]): Held {
  if (changes.length === 0) return held;
  const alerts = new Map(held.state.alerts);
  const groups = new Map(held.state.groups);
  const reporters = new Map(held.state.reporters);
  const mutes = new Map(held.state.mutes);
  const letters = new Map(held.letters);
  let at = held.state.at;
  for (const { kind, key, body } of changes) {
    if (kind === "alert") put(alerts, key, body === null ? null : alertOf(body as AlertRecord));
    else if (kind === "group") put(groups, key, body as GroupRecord | null);
    else if (kind === "reporter") put(reporters, key, body as Reporter | null);
    else if (kind === "mute") put(mutes, key, body as Mute | null);
    else if (kind === "letter") put(letters, key, body === null ? null : letterOf(body as Letter));
    else at = body as number | null;
  }
  return { state: { alerts, groups, reporters, mutes, at }, letters };
}

function put<T>(table: Map<string, T>, key: string, entry: T | null): void {
  if (entry === null) table.delete(key);
  else table.set(key, entry);
}

function alertOf(body: AlertRecord): AlertRecord {
  return { ...body, value: Number(body.value) };
}

function letterOf(body: Letter): Letter {
  const alerts = body.notification.alerts.map((one) => ({ ...one, value: Number(one.value) }));
  return { ...body, notification: { ...body.notification, alerts } };
}

export function heldFrom(entries: readonly StoredEntry[]): Held {
  return withEntries(NOTHING_HELD, entries);
}
