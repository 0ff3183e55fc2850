import { visible } from "@rempart/kernel/masking";
import {
  type AlertEvent,
  type AlertExplanation,
  type AlertView,
  type GroupView,
  holdText,
  PROMETHEUS_WATCH,
  SHIPPED_GROUPS,
  toPromql,
  type Untaken,
} from "@rempart/observability";
import { Command } from "commander";
import { type JsonOption, report } from "../report.ts";
import { table } from "../table.ts";
import { timeText } from "../text.ts";
import { withDesk } from "./desk.ts";
import { stateOf } from "./list-command.ts";

export function explainCommand(): Command {
  return new Command("explain")
    .description("why an alert did or did not fire, who knows of it, what holds it back, and what comes next")
    .argument("<alert>", "its name, or the fingerprint of one of it")
    .option("--json", "print JSON")
    .action((about: string, options: JsonOption) =>
      withDesk(async (desk) => {
        const explanation = await desk.explain(about);
        report(options, explanation, explanationText(explanation));
        if (explanation.rule === null) process.exitCode = 1;
      }),
    );
}

function explanationText({ about, rule, alerts, events, lastFired, advancedAt }: AlertExplanation): string {
  if (rule === null) return `no rule and no alert is called ${about}`;
  const current = alerts.filter(({ phase }) => phase !== "resolved");
  return [
    ruleText(rule),
    current.length === 0
      ? `It does not fire: its expression gave nothing when it was last evaluated, ${timeText(advancedAt)}.`
      : current.map(alertText).join("\n"),
    ...(lastFired === null
      ? []
      : [`When it last fired, ${timeText(lastFired.at)}:\n${linesOf(lastFired.text).join("\n")}`]),
    ...(events.length === 0 ? [] : [table(events.map(eventRow))]),
  ].join("\n\n");
}

function ruleText(name: string): string {
  const declared = [...SHIPPED_GROUPS, PROMETHEUS_WATCH].flatMap(({ rules }) => rules);
  const rule = declared.find((one) => one.name === name);
  if (rule === undefined) return name;
  return `${name}, ${rule.severity}, about ${rule.component}: ${rule.summary}\n${toPromql(rule.expression)}`;
}

function alertText(alert: AlertView): string {
  const labels = Object.entries(alert.labels).map(([label, value]) => ` ${label}=${value}`);
  return [
    `${alert.fingerprint}${labels.join("")}`,
    `  ${stateOf(alert)}, ${alert.phase === "pending" ? "fires at" : "since"} ${timeText(alert.firingAt)}`,
    `  value ${alert.value} at ${timeText(alert.valueAt)}, seen since ${timeText(alert.seenSince)} by ${alert.seenBy.join(", ")}`,
    ...alert.holds.map((hold) => `  held back: ${holdText(hold)}`),
    ...alert.groups.flatMap(groupLines),
  ]
    .map(visible)
    .join("\n");
}

/** Labels are the peer's text: none of it commands the terminal. */
function linesOf(text: string): string[] {
  return text.split("\n").map(visible);
}

function groupLines({ receivers, toldAt, nextAt, untaken }: GroupView): string[] {
  const known = toldAt === null ? "not told" : `told at ${timeText(toldAt)}`;
  const next = nextAt === null ? "when something changes" : timeText(nextAt);
  return [`  ${receivers.join(", ")}: ${known}, next ${next}`, ...untaken.map(untakenText)];
}

function untakenText({ receiver, attempts, reason, nextAttemptAt }: Untaken): string {
  const why = reason === null ? "" : `: ${reason}`;
  const tried = attempts === 0 ? "not tried" : `tried ${attempts === 1 ? "once" : `${attempts} times`}${why}`;
  return nextAttemptAt === null
    ? `  ${receiver} did not take that, and will not be tried again (${tried}); see \`rempart alerts dead-letters\``
    : `  ${receiver} has not taken that yet (${tried}); next attempt ${timeText(nextAttemptAt)}`;
}

function eventRow({ at, kind, value, detail }: AlertEvent): string[] {
  return [timeText(at), kind, String(value), detail ?? ""];
}
