import type { Catalogue } from "./en.ts";

const DAY_MS = 86_400_000;

/** How dates, numbers and lists are written in one language. Formatters are costly to make: made once per language. */
export interface Format {
  readonly time: (at: number) => string;
  /** A day as a heading: today, yesterday, a weekday with its date. */
  readonly day: (at: number, now: number) => string;
  /** For the conversation list: the time today, then "yesterday", then the date. */
  readonly short: (at: number, now: number) => string;
  /** "3 hours ago". */
  readonly ago: (at: number, now: number) => string;
  readonly full: (at: number) => string;
  readonly list: (parts: readonly string[]) => string;
  readonly number: (value: number) => string;
}

/** Days between two instants by the reader's calendar, 0 for the same day. */
export function calendarDaysBetween(earlier: number, later: number): number {
  const start = new Date(earlier).setHours(0, 0, 0, 0);
  const end = new Date(later).setHours(0, 0, 0, 0);
  return Math.round((end - start) / DAY_MS);
}

export function formatIn(language: string, t: Catalogue): Format {
  const time = new Intl.DateTimeFormat(language, { hour: "numeric", minute: "2-digit" });
  const weekday = new Intl.DateTimeFormat(language, { weekday: "short" });
  const date = new Intl.DateTimeFormat(language, { day: "numeric", month: "short" });
  const dateWithYear = new Intl.DateTimeFormat(language, { day: "numeric", month: "short", year: "numeric" });
  const heading = new Intl.DateTimeFormat(language, { weekday: "long", day: "numeric", month: "long" });
  const headingWithYear = new Intl.DateTimeFormat(language, {
    day: "numeric",
    month: "long",
    year: "numeric",
  });
  const full = new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "short" });
  const list = new Intl.ListFormat(language, { type: "conjunction" });
  const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  const number = new Intl.NumberFormat(language);
  const sameYear = (a: number, b: number) => new Date(a).getFullYear() === new Date(b).getFullYear();

  return {
    time: (at) => time.format(at),
    full: (at) => full.format(at),
    list: (parts) => list.format(parts),
    number: (value) => number.format(value),
    day(at, now) {
      const days = calendarDaysBetween(at, now);
      if (days === 0) return t.conversation.today;
      if (days === 1) return t.conversation.yesterday;
      return capitalise((sameYear(at, now) ? heading : headingWithYear).format(at), language);
    },
    short(at, now) {
      const days = calendarDaysBetween(at, now);
      if (days <= 0) return time.format(at);
      if (days === 1) return t.list.yesterday;
      if (days < 7) return weekday.format(at);
      return (sameYear(at, now) ? date : dateWithYear).format(at);
    },
    ago(at, now) {
      const minutes = Math.round((at - now) / 60_000);
      if (minutes > -60) return relative.format(minutes, "minute");
      const hours = Math.round(minutes / 60);
      if (hours > -24) return relative.format(hours, "hour");
      return relative.format(Math.round(hours / 24), "day");
    },
  };
}

function capitalise(text: string, language: string): string {
  return text.charAt(0).toLocaleUpperCase(language) + text.slice(1);
}
