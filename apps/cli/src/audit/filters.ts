import { type AuditQuery, EVENTS, type EventType, type Severity } from "@rempart/audit";
import { type Command, InvalidArgumentError, Option } from "commander";

export interface FilterOptions {
  readonly type?: EventType[];
  readonly severity?: Severity[];
  readonly user?: string;
  readonly tenant?: string;
  readonly resource?: string;
  readonly address?: string;
  readonly request?: string;
  readonly since?: number;
  readonly until?: number;
  readonly text?: string;
}

const SEVERITIES: readonly Severity[] = ["info", "notice", "warning", "critical"];
const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** What narrows a question to the log; the same for every command that asks. */
export function withFilters(command: Command): Command {
  return command
    .addOption(new Option("--type <type...>", "kind of event, by either of its names").argParser(eventTypes))
    .addOption(new Option("--severity <severity...>", "how soon somebody should look").choices(SEVERITIES))
    .option("--user <id>", "who acted")
    .option("--tenant <id>", "for which organisation")
    .option("--resource <type[:id]>", "what it was done to")
    .option("--address <address>", "from which address or network")
    .option("--request <id>", "in which request")
    .option("--since <time>", "an ISO time, or how long ago: 90s, 15m, 24h, 7d", timeOf)
    .option("--until <time>", "the same, exclusive", timeOf)
    .option("--text <words>", "words in the entry");
}

export function queryOf(options: FilterOptions): AuditQuery {
  const [resourceType, resourceId] = options.resource?.split(":", 2) ?? [];
  const query = {
    types: options.type,
    severities: options.severity,
    userId: options.user,
    tenantId: options.tenant,
    resourceType,
    resourceId,
    address: options.address,
    requestId: options.request,
    from: options.since,
    to: options.until,
    text: options.text,
  };
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined));
}

/** `auth.login.failed` or `LOGIN_FAILED`, which may stand for several. */
function eventTypes(value: string, before: EventType[] = []): EventType[] {
  const kinds = Object.entries(EVENTS) as [EventType, { label: string }][];
  const found = kinds.filter(([type, { label }]) => type === value || label === value.toUpperCase());
  if (found.length === 0) throw new InvalidArgumentError("There is no such event.");
  return [...before, ...found.map(([type]) => type)];
}

function timeOf(value: string): number {
  const [, amount, unit] = /^(\d{1,6})([smhd])$/.exec(value) ?? [];
  const time =
    amount === undefined || unit === undefined
      ? Date.parse(value)
      : Date.now() - Number(amount) * (UNITS[unit] as number);
  if (Number.isNaN(time)) throw new InvalidArgumentError("Not a time.");
  return time;
}
