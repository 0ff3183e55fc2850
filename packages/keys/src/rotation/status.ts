import { type KeyState, type KeyVersion, stateAt } from "./versions.ts";

/** How long a key may be in use: 90 days. */
export const MAX_AGE_MS = 90 * 86_400_000;

/** From when on a key is announced as soon due. */
const WARNING_MS = 14 * 86_400_000;

export interface KeyStatus {
  readonly purpose: string;
  readonly id: string;
  readonly state: KeyState;
  readonly createdAt: number;
  /** Milliseconds since it was taken into use; since it was made, for one that is not yet. */
  readonly ageMs: number;
  /** Of the version in use: when the 90 days are over. Null for all others. */
  readonly rotateBy: number | null;
  /** `due` and `soon` are told of the version in use alone. */
  readonly urgency: "due" | "soon" | "none";
  readonly acceptedUntil: number | null;
}

/** One line for each version, newest first. */
export function statusOf(purpose: string, versions: readonly KeyVersion[], now: number): KeyStatus[] {
  return [...versions]
    .sort((a, b) => b.activeFrom - a.activeFrom)
    .map((version) => {
      const state = stateAt(version, now);
      const { id, createdAt, acceptedUntil } = version;
      const since = state === "next" ? createdAt : version.activeFrom;
      const rotateBy = state === "active" ? version.activeFrom + MAX_AGE_MS : null;
      return {
        purpose,
        id,
        state,
        createdAt,
        ageMs: now - since,
        rotateBy,
        urgency: urgencyOf(rotateBy, now),
        acceptedUntil,
      };
    });
}

function urgencyOf(rotateBy: number | null, now: number): KeyStatus["urgency"] {
  if (rotateBy === null || now < rotateBy - WARNING_MS) return "none";
  return now < rotateBy ? "soon" : "due";
}
