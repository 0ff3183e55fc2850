/**
 * What a process did by itself while the store was away, brought into what the store holds. Of each entry, what the process
 * changed since it lost the store is taken from the process, everything else from the store, where others may have written.
 */
import type { Letters } from "./letters.ts";
import { post } from "./letters.ts";
import type { Mute } from "./mutes.ts";
import type { Notification } from "./notification.ts";
import { type AlertRecord, isFiring, type Told } from "./state.ts";
import type { Held } from "./store.ts";

/** `seed` is what the process knew when it lost the store, `own` what became of it there. */
export function adopt(held: Held, own: Held, seed: Held, now: number): Held {
  const alerts = new Map(held.state.alerts);
  for (const [fingerprint, record] of own.state.alerts) {
    const before = seed.state.alerts.get(fingerprint);
    if (record === before) continue;
    const stored = alerts.get(fingerprint);
    alerts.set(fingerprint, stored === undefined ? record : adoptedAlert(stored, record, before));
  }
  for (const [fingerprint, before] of seed.state.alerts) {
    const stored = alerts.get(fingerprint);
    if (stored === undefined || own.state.alerts.has(fingerprint)) continue;
    // It was told to be over, and forgotten.
    alerts.set(fingerprint, { ...stored, told: adoptedTold(stored.told, {}, before.told) });
  }
  const groups = new Map(held.state.groups);
  for (const [key, group] of own.state.groups) {
    const stored = groups.get(key);
    const before = seed.state.groups.get(key);
    if (stored === undefined) groups.set(key, group);
    else if (before !== undefined) groups.set(key, changedFields(stored, group, before));
  }
  return {
    state: {
      ...held.state,
      alerts,
      groups,
      mutes: adoptedMutes(held, own, seed),
      // What the process saw is over when it is, also if the store never heard of it.
      reporters: new Map([...held.state.reporters, ...own.state.reporters]),
    },
    letters: adoptedLetters(held, own.letters, seed.letters, now),
  };
}

function adoptedMutes(held: Held, own: Held, seed: Held): ReadonlyMap<string, Mute> {
  const [mutes, known] = [own.state.mutes, seed.state.mutes];
  const kept = [...held.state.mutes].filter(([id]) => mutes.has(id) || !known.has(id));
  return new Map([...[...mutes].filter(([id]) => !known.has(id)), ...kept]);
}

/** `before` undefined: all of its own. */
function changedFields<T extends object>(stored: T, own: T, before: T | undefined): T {
  if (own === before) return stored;
  const changed = Object.entries(own).filter(([key, value]) => before?.[key as keyof T] !== value);
  return { ...stored, ...Object.fromEntries(changed) };
}

function adoptedAlert(stored: AlertRecord, own: AlertRecord, before: AlertRecord | undefined): AlertRecord {
  // Who began while the store was away knows of no acknowledgement, and of no earlier beginning.
  const isKnown = before === undefined && isFiring(stored);
  return {
    ...(isKnown ? stored : changedFields(stored, own, before)),
    seenBy: [...new Set([...stored.seenBy, ...own.seenBy])],
    told: adoptedTold(stored.told, own.told, before?.told ?? {}),
  };
}

type ToldByGroup = Readonly<Record<string, Told>>;

function adoptedTold(stored: ToldByGroup, own: ToldByGroup, before: ToldByGroup): ToldByGroup {
  const kept = Object.entries(stored).filter(([key]) => key in own || !(key in before));
  return { ...own, ...Object.fromEntries(kept) };
}

/** What was sent meanwhile is not sent again; what was written, and nobody else told since, waits with the others. */
function adoptedLetters(held: Held, own: Letters, seed: Letters, now: number): Letters {
  const unsent = [...held.letters].filter(([id]) => !seed.has(id) || own.has(id));
  const written = [...own.values()].filter(({ id }) => !seed.has(id));
  const dead = written.filter((letter) => letter.dead !== null).map((letter) => [letter.id, letter] as const);
  const waiting = written.filter((letter) => letter.dead === null).map(({ notification }) => notification);
  return post(
    new Map([...unsent, ...dead]),
    waiting.filter((one) => isNews(one, held)),
    now,
  );
}

/** Other processes that were without the store wrote the same. */
function isNews({ receiver, groupKey, alerts }: Notification, { state }: Held): boolean {
  if (state.groups.get(groupKey)?.receivers.includes(receiver) === false) return true;
  return alerts.some(({ fingerprint, state: said }) => {
    const stored = state.alerts.get(fingerprint);
    return stored === undefined || groupKey in stored.told !== (said === "firing");
  });
}
