const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

export function bytesText(bytes: number): string {
  const unit = Math.min(UNITS.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  const value = bytes / 1024 ** unit;
  return `${value >= 10 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}

const STEPS: readonly [number, string][] = [
  [86_400_000, "d"],
  [3_600_000, "h"],
  [60_000, "min"],
  [1_000, "s"],
];

export function durationText(milliseconds: number): string {
  const [size, unit] = STEPS.find(([least]) => milliseconds >= least) ?? [1, "ms"];
  const value = milliseconds / size;
  return `${value >= 10 ? Math.round(value) : value.toFixed(1)} ${unit}`;
}

/**
 * Text that others chose, on one line: a name or a statement may hold what a terminal would obey. At most `longest` characters,
 * where it is given.
 */
export function plain(text: string, longest = Number.POSITIVE_INFINITY): string {
  const safe = text
    .replaceAll(/\s+/g, " ")
    .replaceAll(/[\p{Cc}\p{Cf}]/gu, "\u{fffd}")
    .trim();
  return safe.length > longest ? `${safe.slice(0, longest - 1)}…` : safe;
}

/** ISO 8601 in UTC, to the second. */
export function timeText(at: number | null): string {
  return at === null ? "–" : `${new Date(at).toISOString().slice(0, 19)}Z`;
}
