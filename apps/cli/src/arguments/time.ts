import { systemClock } from "@rempart/kernel";
import { type Duration, milliseconds } from "@rempart/observability";
import { InvalidArgumentError } from "commander";

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const TIME = /^\d{4}-\d{2}-\d{2}T[\d:.]{5,15}(Z|[+-]\d{2}:?\d{2})$/;

/** Unix milliseconds of an ISO 8601 time with its zone: without one, two machines would read two times. */
export function instant(text: string): number {
  const time = instantIn(text);
  if (time !== null) return time;
  throw new InvalidArgumentError("Expected a time with its zone, as in 2026-12-24T18:00Z.");
}

/** The same, or a day, which begins at midnight UTC. */
export function dayOrInstant(text: string): number {
  const time = instantIn(text) ?? dayIn(text);
  if (time !== null) return time;
  throw new InvalidArgumentError(
    "Expected a day or a time with its zone, as in 2026-12-24 or 2026-12-24T18:00Z.",
  );
}

/** The same, or how long ago. */
export function past(text: string): number {
  const time = instantIn(text) ?? dayIn(text);
  if (time !== null) return time;
  const ago = durationIn(text);
  if (ago !== null) return systemClock.now() - ago;
  throw new InvalidArgumentError(
    "Expected a time with its zone, a day, or how long ago, as in 2026-12-24T18:00Z, 2026-12-24 or 24h.",
  );
}

/** Milliseconds. */
export function duration(text: string): number {
  const ms = durationIn(text);
  if (ms !== null) return ms;
  throw new InvalidArgumentError("Expected a whole number of s, m, h, d or w, as in 30m.");
}

function instantIn(text: string): number | null {
  return TIME.test(text) ? parsed(text) : null;
}

function dayIn(text: string): number | null {
  return DAY.test(text) ? parsed(text) : null;
}

function parsed(text: string): number | null {
  const time = Date.parse(text);
  return Number.isNaN(time) ? null : time;
}

function durationIn(text: string): number | null {
  try {
    return milliseconds(text as Duration);
  } catch {
    return null;
  }
}
