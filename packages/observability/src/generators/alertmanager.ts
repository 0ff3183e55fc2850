import type { Weekly } from "../alerting/mutes.ts";
import type { Escalation, Route, RouteTree } from "../alerting/routes.ts";
import { consequencesOf, type Topology } from "../alerting/topology.ts";
import type { AlertRule } from "../objectives/rule.ts";
import type { ReceiverAddress, ReceiverConfig } from "../receivers/address.ts";
import { matchers, type Where } from "../rules/builders.ts";
import { durationText } from "../rules/duration.ts";
import { matcherText } from "../rules/promql.ts";
import { yamlFile } from "./yaml.ts";

/** A time, every week, in which nobody is told of some alerts. */
export interface MaintenanceTime {
  readonly name: string;
  readonly where: Where<string>;
  readonly when: Weekly;
}

export interface MailServer {
  /** `host:port`. */
  readonly smarthost: string;
  readonly from: string;
  /** Its password stands in the file `smtp-password` of the secrets. */
  readonly username?: string;
  /** Default true: without TLS nothing is sent. */
  readonly requireTls?: boolean;
}

export interface AlertmanagerOptions {
  readonly routes: RouteTree;
  readonly receivers: readonly ReceiverConfig[];
  readonly topology: Topology;
  /** Those that are outages inhibit what depends on their component. */
  readonly rules: readonly AlertRule[];
  readonly maintenance?: readonly MaintenanceTime[];
  /** Needed where a receiver is an e-mail address. */
  readonly mail?: MailServer;
  /**
   * Folder with one file for each secret, named after its receiver: no secret stands in the configuration. Absolute, since
   * Alertmanager reads some of them from where it was started, and others from where its configuration is.
   */
  readonly secrets: string;
}

/** A configuration for Alertmanager 0.25 or newer. The same options give the same bytes. Throws TypeError for a relative folder. */
export function toAlertmanagerConfig(options: AlertmanagerOptions): string {
  const { routes, receivers, topology, rules, maintenance = [], mail, secrets } = options;
  if (!secrets.startsWith("/")) throw new TypeError(`"${secrets}" is not an absolute path`);
  return yamlFile(
    [
      {
        ...(mail === undefined ? {} : { global: mailEntry(mail, secrets) }),
        route: { ...wordsOf(routes), routes: routesOf(options) },
        inhibit_rules: inhibitions(topology, rules),
        receivers: [
          ...receivers.map((receiver) => receiverEntry(receiver, secrets)),
          ...(levelsOf(routes) === 0 ? [] : [{ name: NOBODY }]),
        ],
        time_intervals: maintenance.map(intervalEntry),
      },
    ],
    [...escalationsOf(routes), ...receivers.flatMap(receiverNote)],
  );
}

function mailEntry({ smarthost, from, username, requireTls = true }: MailServer, secrets: string): object {
  return {
    smtp_smarthost: smarthost,
    smtp_from: from,
    smtp_require_tls: requireTls,
    ...(username === undefined
      ? {}
      : { smtp_auth_username: username, smtp_auth_password_file: `${secrets}/smtp-password` }),
  };
}

/** No time of maintenance mutes a heartbeat: its silence is an alarm. */
function routesOf({ routes: tree, receivers, maintenance = [] }: AlertmanagerOptions): object[] {
  const { routes = [] } = tree;
  const hearts = new Set(
    receivers.flatMap(({ name, address }) => (address.kind === "heartbeat" ? [name] : [])),
  );
  const beats = (route: Route): boolean =>
    hearts.has(route.receiver ?? "") || (route.routes ?? []).some(beats);
  return [
    ...routesBelow(routes.filter(beats), [], []),
    ...routesBelow(
      withLevels(
        tree,
        routes.filter((route) => !beats(route)),
      ),
      [],
      maintenance,
    ),
  ];
}

/** As no receiver of ours can be called. */
const NOBODY = "(nobody)";

/**
 * Alertmanager has no escalation, and a route that waits: for each level the tree stands once more, with who is told then in the
 * place of who is told first, and what is escalated nowhere told nobody.
 */
function withLevels(tree: RouteTree, routes: readonly Route[]): readonly Route[] {
  const levels = Array.from({ length: levelsOf(tree) }, (_, level) => ({
    ...atLevel({ ...tree, routes }, [], level),
    continue: true,
  }));
  return levels.length === 0 ? routes : [...levels, { routes }];
}

function atLevel(route: Route, above: readonly Escalation[], level: number): Route {
  const escalate = route.escalate ?? above;
  const { receiver, afterMs } = escalate[level] ?? { receiver: NOBODY, afterMs: route.groupWaitMs };
  return {
    ...route,
    receiver,
    ...(afterMs === undefined ? {} : { groupWaitMs: afterMs }),
    routes: (route.routes ?? []).map((child) => atLevel(child, escalate, level)),
  };
}

function levelsOf({ escalate = [], routes = [] }: Route): number {
  return Math.max(escalate.length, ...routes.map(levelsOf));
}

/** Routes do not hand on when they are mute: for each time the tree stands twice, for what is muted then and for what is not. */
function routesBelow(
  routes: readonly Route[],
  mute: readonly string[],
  [next, ...others]: readonly MaintenanceTime[],
): object[] {
  if (next === undefined) return routes.map((route) => routeEntry(route, mute));
  const muted = [...mute, next.name];
  const wrapped = {
    matchers: matchers(next.where).map(matcherText),
    mute_time_intervals: muted,
    routes: routesBelow(routes, muted, others),
  };
  return [wrapped, ...routesBelow(routes, mute, others)];
}

function routeEntry(route: Route, mute: readonly string[]): object {
  const { where, routes = [] } = route;
  return {
    matchers: matchers(where).map(matcherText),
    ...wordsOf(route),
    ...(route.continue === true ? { continue: true } : {}),
    ...(mute.length === 0 ? {} : { mute_time_intervals: mute }),
    ...(routes.length === 0 ? {} : { routes: routes.map((child) => routeEntry(child, mute)) }),
  };
}

function wordsOf({ receiver, groupBy, groupWaitMs, groupIntervalMs, repeatMs }: Route): object {
  return {
    ...(receiver === undefined ? {} : { receiver }),
    ...(groupBy === undefined ? {} : { group_by: groupBy }),
    ...(groupWaitMs === undefined ? {} : { group_wait: durationText(groupWaitMs) }),
    ...(groupIntervalMs === undefined ? {} : { group_interval: durationText(groupIntervalMs) }),
    ...(repeatMs === undefined ? {} : { repeat_interval: durationText(repeatMs) }),
  };
}

/** While something is out, that what depends on it fails is no news. */
function inhibitions(topology: Topology, rules: readonly AlertRule[]): object[] {
  return [...consequencesOf(topology, rules)].map(([alertname, components]) => ({
    source_matchers: matchers({ alertname }).map(matcherText),
    target_matchers: matchers({ component: { oneOf: [...components].sort() } }).map(matcherText),
  }));
}

function receiverEntry({ name, address }: ReceiverConfig, secrets: string): object {
  return { name, ...integrationOf(address, `${secrets}/${name}`) };
}

function integrationOf(address: ReceiverAddress, secret: string): object {
  const resolved = { send_resolved: true };
  switch (address.kind) {
    case "log":
      return {};
    case "slack":
      return { slack_configs: [{ ...slackEntry(address, secret), text: SLACK_TEXT, ...resolved }] };
    case "email":
      return { email_configs: address.to.map((to) => ({ to, ...resolved })) };
    case "pagerduty":
      return { pagerduty_configs: [{ routing_key_file: secret, url: address.url, ...resolved }] };
    case "heartbeat":
      // Its end is no sign of life.
      return { webhook_configs: [{ ...heartbeatEntry(address.url, secret), send_resolved: false }] };
    case "webhook":
      return { webhook_configs: [{ url: address.url, http_config: bearer(secret), ...resolved }] };
  }
}

/** A line for each alert, with its page; Alertmanager's own text is empty. */
const SLACK_TEXT =
  '{{ range .Alerts }}{{ .Annotations.summary }} {{ .Annotations.runbook_url }}{{ "\\n" }}{{ end }}';

function slackEntry(address: Extract<ReceiverAddress, { kind: "slack" }>, secret: string): object {
  if (address.via === "webhook") return { api_url_file: secret };
  const { api, channel } = address;
  return { api_url: `${api}/chat.postMessage`, channel, http_config: bearer(secret) };
}

function heartbeatEntry(url: string | null, secret: string): object {
  return url === null ? { url_file: secret } : { url };
}

function bearer(file: string): object {
  return { authorization: { type: "Bearer", credentials_file: file } };
}

const WEEKDAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
const DAY_MINUTES = 1_440;

function intervalEntry({ name, when }: MaintenanceTime): object {
  return { name, time_intervals: daysOf(when) };
}

/** Alertmanager's times end with their day: a longer one has an entry for each day. */
function daysOf({ weekday, startMinute, minutes, timeZone }: Weekly): object[] {
  const days = Math.ceil((startMinute + minutes) / DAY_MINUTES);
  return Array.from({ length: days }, (_, index) => ({
    weekdays: [WEEKDAYS[(weekday + index) % WEEKDAYS.length]],
    times: [
      {
        start_time: clockText(index === 0 ? startMinute : 0),
        end_time: clockText(Math.min(startMinute + minutes - index * DAY_MINUTES, DAY_MINUTES)),
      },
    ],
    location: timeZone,
  }));
}

function clockText(minute: number): string {
  return [Math.floor(minute / 60), minute % 60].map((part) => String(part).padStart(2, "0")).join(":");
}

/** What Alertmanager has no words for is said, not dropped. */
function escalationsOf(route: Route): string[] {
  const own = (route.escalate ?? []).map(
    ({ afterMs, receiver }) =>
      `Alertmanager knows no acknowledgement: "${receiver}" is told of what a group still has after ${durationText(afterMs)}, unless it is silenced.`,
  );
  return [...own, ...(route.routes ?? []).flatMap(escalationsOf)];
}

function receiverNote({ name, address }: ReceiverConfig): string[] {
  const { kind } = address;
  if (kind === "log")
    return [`Alertmanager cannot write a log for "${name}": it takes alerts and tells nobody.`];
  if (kind === "heartbeat" && address.url === null)
    return [`Alertmanager reads the address of "${name}" from a file since 0.26.`];
  if (kind === "webhook")
    return [`Alertmanager does not sign what it sends to "${name}": it shows a bearer token.`];
  return [];
}
