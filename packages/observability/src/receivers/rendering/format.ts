const DIGITS = 6;
/** Beyond these a number is written with a power of ten. */
const LARGE = 1e15;
const SMALL = 1e-6;

export function formatNumber(value: number, locale: string): string {
  const size = Math.abs(value);
  const scientific = Number.isFinite(value) && (size >= LARGE || (size > 0 && size < SMALL));
  const notation = scientific ? "scientific" : "standard";
  return new Intl.NumberFormat(locale, {
    maximumSignificantDigits: DIGITS,
    notation,
    signDisplay: "negative",
  }).format(value);
}

/** `at` in milliseconds since the Unix epoch; with the zone. */
export function formatTime(at: number, locale: string, timeZone: string): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "long", timeZone }).format(at);
}

const UNITS = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
] as const;

/** The two largest units; nothing is shorter than a second. */
export function formatDuration(milliseconds: number, locale: string): string {
  let rest = Math.max(1, Math.round(milliseconds / 1000));
  const parts: string[] = [];
  const first = UNITS.findIndex(([, seconds]) => rest >= seconds);
  for (const [unit, seconds] of UNITS.slice(first, first + 2)) {
    const count = Math.floor(rest / seconds);
    rest -= count * seconds;
    if (count > 0) parts.push(formatUnit(count, unit, locale));
  }
  return new Intl.ListFormat(locale, { style: "narrow", type: "unit" }).format(parts);
}

function formatUnit(count: number, unit: string, locale: string): string {
  return new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "long" }).format(count);
}
