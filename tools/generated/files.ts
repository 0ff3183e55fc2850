import { WATCHDOG } from "@rempart/observability";
import {
  GENERATED_KINDS,
  generate,
  type Surroundings,
  shippedReferencePage,
} from "@rempart/observability/generators";
import { toLogrotate, toLokiRetention } from "@rempart/observability/telemetry";
import { POSTGRES_FILES } from "./postgres.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** All on one machine, people reached by Slack, and by PagerDuty when it cannot wait: what `ops/` shows. */
const EXAMPLE: Surroundings = {
  service: "messenger",
  jobs: [
    { name: "messenger", targets: ["localhost:3001"] },
    { name: "gateway", targets: ["localhost:9901"] },
    { name: "node", targets: ["localhost:9100"] },
    { name: "postgres", targets: ["localhost:9187"] },
    { name: "redis", targets: ["localhost:9121"] },
  ],
  alertmanagers: ["localhost:9093"],
  receivers: [
    { name: "team", address: { kind: "slack", via: "webhook" } },
    { name: "on-call", address: { kind: "pagerduty", url: "https://events.pagerduty.com/v2/enqueue" } },
    { name: "operations", address: { kind: "email", to: ["operations@example.org"] } },
    { name: "switch", address: { kind: "heartbeat", url: "https://switch.example.org/rempart" } },
  ],
  routes: {
    receiver: "team",
    groupBy: ["component"],
    routes: [
      {
        where: { alertname: WATCHDOG },
        receiver: "switch",
        groupWaitMs: 0,
        groupIntervalMs: 10_000,
        repeatMs: MINUTE_MS,
      },
      {
        where: { severity: "critical" },
        receiver: "on-call",
        groupWaitMs: 10_000,
        repeatMs: HOUR_MS,
        escalate: [{ afterMs: 30 * MINUTE_MS, receiver: "operations" }],
      },
      { where: { severity: "info" }, groupWaitMs: 5 * MINUTE_MS, repeatMs: 24 * HOUR_MS },
    ],
  },
  maintenance: [
    {
      name: "database-updates",
      where: { component: "database", severity: { not: "critical" } },
      when: { kind: "weekly", weekday: 0, startMinute: 120, minutes: 120, timeZone: "UTC" },
    },
  ],
  mail: { smarthost: "localhost:587", from: "rempart@example.org", username: "rempart" },
  secrets: "/etc/alertmanager/secrets",
  runbookBase: "https://example.org/runbooks/",
};

/** Every file of the repository that is generated from what the code declares. */
export function generatedFiles(): ReadonlyMap<string, string> {
  const files = GENERATED_KINDS.flatMap((kind) => [...generate(kind, EXAMPLE)]);
  return new Map([
    ...files.map(([path, text]) => [`ops/${path}`, text] as const),
    ...POSTGRES_FILES,
    ["ops/loki/retention.yml", toLokiRetention("production")],
    ["ops/logrotate/rempart", toLogrotate("production")],
    ["docs/reference/metrics-and-alerts.md", shippedReferencePage("../runbooks/")],
  ]);
}

/** The folders of which no file is written by hand. */
export const GENERATED_FOLDERS = [
  "ops/prometheus/rules",
  "ops/prometheus/tests",
  "ops/grafana/dashboards",
] as const;
