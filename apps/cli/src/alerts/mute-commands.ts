import type { AuditEvent } from "@rempart/audit";
import { systemClock } from "@rempart/kernel";
import { alertDesk } from "@rempart/messenger-server/alerting";
import type { Installation } from "@rempart/messenger-server/operator";
import type { AlertDesk, Mute, MuteRequest, Weekly } from "@rempart/observability";
import { Command, InvalidArgumentError, Option } from "commander";
import { duration, instant } from "../arguments/time.ts";
import { withInstallation } from "../installation.ts";
import { operatorName } from "../operator.ts";
import { refuse } from "../refuse.ts";
import { type JsonOption, report } from "../report.ts";
import { CONDITION_HELP, condition } from "./conditions.ts";
import { whenText } from "./list-command.ts";

type Where = MuteRequest["where"];

interface MuteOptions extends JsonOption {
  readonly reason: string;
  readonly for: number;
}

export function silenceCommand(): Command {
  return new Command("silence")
    .description("tell nobody of the alerts that fulfil every condition, for a while")
    .argument("<condition...>", CONDITION_HELP, condition)
    .requiredOption("--for <duration>", "for how long, as in 30m, 2h or 1d", duration)
    .requiredOption("--reason <text>", "why")
    .option("--json", "print JSON")
    .action((where: Where, options: MuteOptions) => {
      const from = systemClock.now();
      return mute("silence", where, { kind: "once", from, to: from + options.for }, options);
    });
}

interface MaintenanceOptions extends MuteOptions {
  readonly from?: number;
  readonly weekly?: Pick<Weekly, "weekday" | "startMinute">;
  readonly timeZone: string;
}

export function maintenanceCommand(): Command {
  return new Command("maintenance")
    .description("announce a time, or one of each week, at which nobody is told of these alerts")
    .argument("<condition...>", CONDITION_HELP, condition)
    .addOption(
      new Option("--from <time>", "when it begins, as in 2030-05-01T22:00:00Z; now unless told")
        .argParser(instant)
        .conflicts("weekly"),
    )
    .option("--weekly <time>", "when it begins each week, as in 'sun 02:30'", weekly)
    .option("--time-zone <name>", "of --weekly", "UTC")
    .requiredOption("--for <duration>", "for how long, as in 30m, 2h or 1d", duration)
    .requiredOption("--reason <text>", "why")
    .option("--json", "print JSON")
    .action((where: Where, options: MaintenanceOptions) =>
      mute("maintenance", where, timeOf(options), options),
    );
}

function timeOf({ from, weekly: begins, timeZone, for: ms }: MaintenanceOptions): MuteRequest["when"] {
  if (begins !== undefined) return { kind: "weekly", ...begins, minutes: Math.ceil(ms / 60_000), timeZone };
  const start = from ?? systemClock.now();
  return { kind: "once", from: start, to: start + ms };
}

const WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

function weekly(text: string): Pick<Weekly, "weekday" | "startMinute"> {
  const [, day = "", hour, minute] = /^([a-z]{3}) ([01]\d|2[0-3]):([0-5]\d)$/.exec(text) ?? [];
  if (!WEEKDAYS.includes(day))
    throw new InvalidArgumentError("Expected a time of the week, as in 'sun 02:30'.");
  const weekday = WEEKDAYS.indexOf(day) as Weekly["weekday"];
  return { weekday, startMinute: Number(hour) * 60 + Number(minute) };
}

/** Recorded, or it is not so. */
function mute(
  kind: Mute["kind"],
  where: Where,
  when: MuteRequest["when"],
  options: MuteOptions,
): Promise<void> {
  const { reason } = options;
  return withInstallation(async (installation, config) => {
    const desk = alertDesk(config, installation.database);
    const made = await asked(desk, { kind, where, when, reason, author: operatorName() });
    if (made === null) return;
    try {
      await record(installation, "admin.operation.create", made.id, { kind, where, when, reason });
    } catch (error) {
      await desk.unmute(made.id);
      throw error;
    }
    report(options, made, `${made.id}: ${whenText(made.when)}`);
  });
}

/** Null, and said why, when there can be no such silence. */
async function asked(desk: AlertDesk, request: MuteRequest): Promise<Mute | null> {
  try {
    return await desk.mute(request);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    refuse(error.message);
    return null;
  }
}

export function unsilenceCommand(): Command {
  return new Command("unsilence")
    .description("end a silence or a maintenance window")
    .argument("<id>", "as `alerts list` prints it")
    .action((id: string) =>
      withInstallation(async (installation, config) => {
        if (!(await alertDesk(config, installation.database).unmute(id)))
          return refuse(`There is no silence ${id}`);
        await record(installation, "admin.operation.delete", id, {});
        report({}, id, `${id} is over`);
      }),
    );
}

export function acknowledgeCommand(): Command {
  return new Command("acknowledge")
    .description(
      "say that somebody is on it: an alert is neither escalated nor repeated until it is resolved",
    )
    .argument("<fingerprint>", "as `alerts list` prints it")
    .action((fingerprint: string) =>
      withInstallation(async (installation, config) => {
        const desk = alertDesk(config, installation.database);
        if (!(await desk.acknowledge(fingerprint, operatorName())))
          return refuse(`No alert ${fingerprint} fires`);
        await record(installation, "admin.operation.update", fingerprint, {});
        report({}, fingerprint, `${fingerprint} is acknowledged`);
      }),
    );
}

async function record(
  { database, audit }: Installation,
  type: AuditEvent["type"],
  id: string,
  about: Readonly<Record<string, unknown>>,
): Promise<void> {
  const resource = {
    type: type === "admin.operation.update" ? "alert" : "silence",
    id,
    metadata: { ...about, operator: operatorName() },
  };
  await database.transaction((tx) => audit.record(tx, { type, actor: {}, resource }));
}
