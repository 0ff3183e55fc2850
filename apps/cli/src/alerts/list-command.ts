import type { AlertView, Listing, Mute } from "@rempart/observability";
import { Command } from "commander";
import { type JsonOption, report } from "../report.ts";
import { table } from "../table.ts";
import { timeText } from "../text.ts";
import { conditionsText } from "./conditions.ts";
import { withDesk } from "./desk.ts";

export function listCommand(): Command {
  return new Command("list")
    .description("what fires or is about to, what holds it back, and the silences and maintenance windows")
    .option("--json", "print JSON")
    .action((options: JsonOption) =>
      withDesk(async (desk) => {
        const listing = await desk.list();
        report(options, listing, listingText(listing));
      }),
    );
}

const GRAVEST_FIRST = { critical: 0, warning: 1, info: 2 } as const;

function listingText({ alerts, mutes, advancedAt }: Listing): string {
  const active = alerts
    .filter(({ phase }) => phase !== "resolved")
    .toSorted((a, b) => GRAVEST_FIRST[a.severity] - GRAVEST_FIRST[b.severity]);
  const looked = advancedAt === null ? "nothing was evaluated yet" : `as of ${timeText(advancedAt)}`;
  return [
    active.length === 0
      ? `no alert fires, ${looked}`
      : `${table([HEADINGS, ...active.map(alertRow)])}\n${looked}`,
    ...(mutes.length === 0 ? [] : [table([MUTE_HEADINGS, ...mutes.map(muteRow)])]),
  ].join("\n\n");
}

const HEADINGS = ["fingerprint", "alert", "severity", "state", "since", "held by", "labels"];

function alertRow(alert: AlertView): string[] {
  const { fingerprint, rule, severity, holds, labels } = alert;
  const held = holds.map(({ kind }) => kind).join(", ") || "–";
  const named = Object.entries(labels).map(([label, value]) => `${label}=${value}`);
  return [fingerprint, rule, severity, standing(alert), timeText(sinceOf(alert)), held, named.join(" ")];
}

/** A pending one says when it fires, if it stays. */
function standing(alert: AlertView): string {
  const state = stateOf(alert);
  return alert.phase === "pending" ? `${state}, fires ${timeText(alert.firingAt)}` : state;
}

function sinceOf({ phase, seenSince, firingAt }: AlertView): number | null {
  return phase === "pending" ? seenSince : firingAt;
}

/** In a word, as far as one does. */
export function stateOf({ phase, isFlapping, acknowledged }: AlertView): string {
  const by = acknowledged === null ? "" : `, acknowledged by ${acknowledged.by}`;
  return `${isFlapping ? "flapping" : phase}${by}`;
}

const MUTE_HEADINGS = ["id", "kind", "when", "by", "conditions", "reason"];

function muteRow({ id, kind, when, author, where, reason }: Mute): string[] {
  return [id, kind, whenText(when), author, conditionsText(where), reason];
}

const WEEKDAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"] as const;

export function whenText(when: Mute["when"]): string {
  if (when.kind === "once") return `${timeText(when.from)} to ${timeText(when.to)}`;
  const two = (number: number): string => String(number).padStart(2, "0");
  const begins = `${two(Math.floor(when.startMinute / 60))}:${two(when.startMinute % 60)}`;
  return `every ${WEEKDAYS[when.weekday]} ${begins} ${when.timeZone} for ${when.minutes} minutes`;
}
