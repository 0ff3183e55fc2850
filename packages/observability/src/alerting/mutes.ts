/** What keeps alerts from being told for a while: a silence, which somebody set when it happened, or a maintenance window. */
import type { Labels } from "../history/series.ts";
import { matchers, type Where } from "../rules/builders.ts";
import { holds } from "./routes.ts";
import { checkText } from "./text.ts";

/** Wall time in `timeZone`: it moves with daylight saving time. */
export interface Weekly {
  readonly kind: "weekly";
  /** 0 is Sunday. */
  readonly weekday: 0 | 1 | 2 | 3 | 4 | 5 | 6;
  /** Minutes after midnight. */
  readonly startMinute: number;
  readonly minutes: number;
  /** An IANA name. */
  readonly timeZone: string;
}

export interface Once {
  readonly kind: "once";
  readonly from: number;
  readonly to: number;
}

export interface Mute {
  readonly id: string;
  readonly kind: "silence" | "maintenance";
  readonly where: Where<string>;
  readonly author: string;
  readonly reason: string;
  readonly when: Once | Weekly;
  readonly createdAt: number;
}

export type MuteRequest = Omit<Mute, "id" | "createdAt">;

const WEEK_MINUTES = 7 * 24 * 60;
const MAX_TEXT = 1_000;
const MAX_CONDITIONS = 10_000;

/** Throws TypeError for one without a condition, an author, a reason or an end. */
export function checkMute({ where, author, reason, when }: MuteRequest): void {
  if (Object.keys(where).length === 0) throw new TypeError("it would match every alert: name a label");
  checkText("author", author, MAX_TEXT);
  checkText("reason", reason, MAX_TEXT);
  checkText("conditions", JSON.stringify(matchers(where)), MAX_CONDITIONS);
  for (const matcher of matchers(where)) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(matcher.label))
      throw new TypeError(`"${matcher.label}" is no label`);
    for (const value of "values" in matcher ? matcher.values : [matcher.value]) {
      if (value !== "") checkText("conditions", value, MAX_TEXT);
    }
  }
  if (when.kind === "once") {
    if (!isDate(when.from) || !isDate(when.to) || when.to <= when.from)
      throw new TypeError("it ends before it begins, or at no time that there is");
  } else checkWeekly(when);
}

/** Others write it as a date: ECMAScript's end after 275,760 years. */
function isDate(at: number): boolean {
  return !Number.isNaN(new Date(at).getTime());
}

function checkWeekly({ weekday, startMinute, minutes, timeZone }: Weekly): void {
  const whole = (value: number, below: number): boolean =>
    Number.isInteger(value) && value >= 0 && value < below;
  if (!whole(weekday, 7) || !whole(startMinute, 1_440)) throw new TypeError("it begins at no time of a week");
  if (!whole(minutes, WEEK_MINUTES) || minutes === 0)
    throw new TypeError("it is as long as the week, or not at all");
  try {
    minuteOfWeek(0, timeZone);
  } catch (cause) {
    throw new TypeError(`"${timeZone}" is no time zone`, { cause });
  }
}

/** Whether it is in force at the time. */
export function isActive({ when }: Mute, now: number): boolean {
  if (when.kind === "once") return now >= when.from && now < when.to;
  const since = minuteOfWeek(now, when.timeZone) - (when.weekday * 1_440 + when.startMinute);
  return (since + WEEK_MINUTES) % WEEK_MINUTES < when.minutes;
}

export function isOver({ when }: Mute, now: number): boolean {
  return when.kind === "once" && now >= when.to;
}

export function mutes(mute: Mute, labels: Labels): boolean {
  return holds(mute.where, labels);
}

const WEEKDAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const formats = new Map<string, Intl.DateTimeFormat>();

/** Throws RangeError for a zone that is none. */
function minuteOfWeek(at: number, timeZone: string): number {
  const format =
    formats.get(timeZone) ??
    new Intl.DateTimeFormat("en-US", {
      timeZone,
      weekday: "short",
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
    });
  formats.set(timeZone, format);
  const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
  return WEEKDAYS.indexOf(parts.weekday ?? "") * 1_440 + Number(parts.hour) * 60 + Number(parts.minute);
}
