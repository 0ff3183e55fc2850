/**
 * The life of a key, as data: made, in use, accepted for a while longer, retired, destroyed. Pure: times come in as Unix
 * milliseconds, states are read off them, and every change gives a new list.
 */

export interface KeyVersion {
  readonly id: string;
  readonly createdAt: number;
  /** From when it is used for what is new. Later than `createdAt` where every process must know it first. */
  readonly activeFrom: number;
  /** Null for the newest. */
  readonly activeUntil: number | null;
  /** What it made is good until then. Null: until the version is retired by hand. */
  readonly acceptedUntil: number | null;
  /** When its material was wiped. */
  readonly destroyedAt: number | null;
}

export type KeyState = "next" | "active" | "overlap" | "retired" | "destroyed";

export function stateAt(version: KeyVersion, now: number): KeyState {
  const { destroyedAt, acceptedUntil, activeUntil, activeFrom } = version;
  if (destroyedAt !== null) return "destroyed";
  if (acceptedUntil !== null && acceptedUntil <= now) return "retired";
  if (activeUntil !== null && activeUntil <= now) return "overlap";
  return activeFrom <= now ? "active" : "next";
}

export function inState(versions: readonly KeyVersion[], state: KeyState, now: number): KeyVersion[] {
  return versions.filter((version) => stateAt(version, now) === state);
}

/** What is used for what is new; the newest, should clocks have made two. */
export function activeOf(versions: readonly KeyVersion[], now: number): KeyVersion | undefined {
  return inState(versions, "active", now).sort((a, b) => b.activeFrom - a.activeFrom)[0];
}

export interface RotationPlan {
  readonly id: string;
  readonly now: number;
  /** Milliseconds until the new version is used: as long as a process may not know of it. */
  readonly aheadMs: number;
  /** Milliseconds that what the old version made stays good after that; null: until it is retired by hand. */
  readonly overlapMs: number | null;
}

/**
 * Adds a version and ends the one in use when the new one begins. While one is waiting to begin, nothing changes: pressing the
 * button twice is not two rotations.
 */
export function rotate(versions: readonly KeyVersion[], plan: RotationPlan): readonly KeyVersion[] {
  const { id, now, aheadMs, overlapMs } = plan;
  if (inState(versions, "next", now).length > 0) return versions;
  const isFirst = activeOf(versions, now) === undefined;
  const activeFrom = isFirst ? now : now + aheadMs;
  const acceptedUntil = overlapMs === null ? null : activeFrom + overlapMs;
  const ended = versions.map((version) =>
    stateAt(version, now) === "active" ? { ...version, activeUntil: activeFrom, acceptedUntil } : version,
  );
  const fresh = { id, createdAt: now, activeFrom, activeUntil: null, acceptedUntil: null, destroyedAt: null };
  return [...ended, fresh];
}

export type Refusal = "unknown" | "in-use" | "still-accepted";
export type Changed = { readonly versions: readonly KeyVersion[] } | { readonly refused: Refusal };

/** From now on nothing it made is good. Refused for the version in use and the one to come: rotate first. */
export function retire(versions: readonly KeyVersion[], id: string, now: number): Changed {
  return change(versions, id, (version) => {
    const state = stateAt(version, now);
    if (state === "active" || state === "next") return "in-use";
    return state === "overlap" ? { ...version, acceptedUntil: now } : version;
  });
}

/** Its material goes. Refused while anything it made is accepted: retire first. */
export function destroy(versions: readonly KeyVersion[], id: string, now: number): Changed {
  return change(versions, id, (version) => {
    const state = stateAt(version, now);
    if (state === "active" || state === "next") return "in-use";
    if (state === "overlap") return "still-accepted";
    return { ...version, destroyedAt: version.destroyedAt ?? now };
  });
}

function change(
  versions: readonly KeyVersion[],
  id: string,
  step: (version: KeyVersion) => KeyVersion | Refusal,
): Changed {
  const found = versions.find((version) => version.id === id);
  if (found === undefined) return { refused: "unknown" };
  const next = step(found);
  if (typeof next === "string") return { refused: next };
  return { versions: versions.map((version) => (version === found ? next : version)) };
}
