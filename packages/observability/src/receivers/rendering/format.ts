/** How numbers and times are written in one language and time zone. */
export interface Formats {
  number(value: number): string;
  /** `at` in milliseconds since the Unix epoch; with the zone. */
  time(at: number): string;
  /** The two largest units; nothing is shorter than a second. */
  duration(milliseconds: number): string;
}

const DIGITS = 6;
/** Beyond these a number is written with a power of ten. */
const LARGE = 1e15;
const SMALL = 1e-6;

/** To be made once for many: making it costs more than using it. */
export function formatsOf(locale: string, timeZone: string): Formats {
  const rules = { maximumSignificantDigits: DIGITS, signDisplay: "negative" } as const;
  const plain = new Intl.NumberFormat(locale, rules);
  const scientific = new Intl.NumberFormat(locale, { ...rules, notation: "scientific" });
  const time = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "long", timeZone });
  return {
    number: (value) => (isExtreme(value) ? scientific : plain).format(value),
    time: (at) => time.format(at),
    duration: durationFormat(locale),
  };
}

function isExtreme(value: number): boolean {
  const size = Math.abs(value);
  return Number.isFinite(value) && (size >= LARGE || (size > 0 && size < SMALL));
}

const UNITS = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
] as const;

function durationFormat(locale: string): (milliseconds: number) => string {
  const units = UNITS.map(([unit, seconds]) => ({
    seconds,
    format: new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "long" }),
  }));
  const list = new Intl.ListFormat(locale, { style: "narrow", type: "unit" });
  return (milliseconds) => {
    let rest = Math.max(1, Math.round(milliseconds / 1000));
    const parts: string[] = [];
    const first = units.findIndex(({ seconds }) => rest >= seconds);
    for (const { seconds, format } of units.slice(first, first + 2)) {
      const count = Math.floor(rest / seconds);
      rest -= count * seconds;
      if (count > 0) parts.push(format.format(count));
    }
    return list.format(parts);
  };
}
