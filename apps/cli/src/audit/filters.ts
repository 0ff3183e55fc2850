import { type AuditQuery, EVENTS, type EventType, type Severity } from "@rempart/audit";
import { type Command, InvalidArgumentError, Option } from "commander";
import { past } from "../arguments/time.ts";

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
    .option("--since <time>", "a time with its zone, a day, or how long ago: 90s, 15m, 24h, 7d", past)
    .option("--until <time>", "the same, exclusive", past)
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
  if (found.length === 0)
    throw new InvalidArgumentError("Expected a kind of event, as in auth.login.failed or LOGIN_FAILED.");
  return [...before, ...found.map(([type]) => type)];
}
