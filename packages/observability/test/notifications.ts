import { codePoint } from "@rempart/testing/code-point";
import fc from "fast-check";
import type { Notification, NotifiedAlert, Occasion } from "../src/alerting/notification.ts";
import type { Wording } from "../src/receivers/rendering/wording.ts";

/** 21 September 2026, 14:13:20 UTC. */
export const AT = 1_790_000_000_000;

export const WORDING: Wording = {
  language: "en",
  timeZone: "UTC",
  runbooks: new URL("https://docs.example/runbooks"),
  console: new URL("https://console.example/"),
};

export function notifiedAlert(more: Partial<NotifiedAlert> = {}): NotifiedAlert {
  return {
    name: "HighErrorRate",
    fingerprint: "a1b2c3",
    state: "firing",
    severity: "critical",
    component: "application",
    labels: { alertname: "HighErrorRate", severity: "critical", job: "messenger" },
    value: 0.0712,
    summary: "More than 5 % of the requests fail.",
    runbook: "high-error-rate",
    firingSince: AT - 300_000,
    resolvedAt: null,
    ...more,
  };
}

export function notification(more: Partial<Notification> = {}): Notification {
  return {
    id: "018f0000-0000-7000-8000-000000000001",
    receiver: "team",
    groupKey: '/>team:{component="application"}',
    groupLabels: { component: "application" },
    occasion: "new",
    status: "firing",
    severity: "critical",
    alerts: [notifiedAlert()],
    omitted: 0,
    at: AT,
    ...more,
  };
}

/** Ends what `notification` begins. */
export function resolution(more: Partial<Notification> = {}): Notification {
  const alerts = [notifiedAlert({ state: "resolved", resolvedAt: AT - 1_000 })];
  return notification({
    id: "018f0000-0000-7000-8000-000000000002",
    occasion: "resolved",
    status: "resolved",
    alerts,
    ...more,
  });
}

/** What a peer would put into a label to be taken for something else, or to take up room. */
export const HOSTILE = [
  "\u202egnp.exe\u202c",
  "line\r\nBcc: all@example.com\r\n\r\nbody",
  "<script>alert(1)</script>",
  '"><img src=x onerror=alert(1)>',
  "<!channel> <@U123> <#C123> <https://evil.example|Runbook>",
  "*bold* _it_ ~no~ `code` ```block``` [a](https://evil.example) :rotating_light: @here",
  "\u0000\u001b[2J\u0007",
  "\ud800 half",
  "in\u00advisible \u{e0041}\u{e007f}\ufff9",
  "&lt;&amp;",
  "x".repeat(100_000),
  "&".repeat(5_000),
  "😀".repeat(3_000),
] as const;

const hostileText = fc.oneof(
  fc.constantFrom(...HOSTILE),
  fc.string({ unit: codePoint, maxLength: 300 }),
  fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) }),
);
const time = fc.integer({ min: 0, max: 4_000_000_000_000 });

const anyBareAlert: fc.Arbitrary<NotifiedAlert> = fc.record({
  name: hostileText,
  fingerprint: fc.string({ maxLength: 64 }),
  state: fc.constantFrom("firing", "resolved"),
  severity: fc.constantFrom("critical", "warning", "info"),
  component: hostileText,
  labels: fc.dictionary(hostileText, hostileText, { maxKeys: 40 }),
  value: fc.double(),
  summary: hostileText,
  runbook: hostileText,
  firingSince: time,
  resolvedAt: fc.option(time),
});
const anyAlert = fc
  .tuple(anyBareAlert, fc.option(hostileText))
  .map(([alert, by]): NotifiedAlert => (by === null ? alert : { ...alert, acknowledgedBy: by }));

/** Every notification that could be, and many that could not. */
export const anyNotification: fc.Arbitrary<Notification> = fc.record({
  id: fc.uuid(),
  receiver: fc.constant("team"),
  groupKey: hostileText,
  groupLabels: fc.dictionary(hostileText, hostileText, { maxKeys: 40 }),
  occasion: fc.constantFrom<Occasion[]>(
    "new",
    "changed",
    "repeated",
    "escalated",
    "acknowledged",
    "resolved",
    "test",
  ),
  status: fc.constantFrom("firing", "resolved"),
  severity: fc.constantFrom("critical", "warning", "info"),
  alerts: fc.oneof(
    fc.array(anyAlert, { maxLength: 3 }),
    anyAlert.map((alert) => Array.from({ length: 120 }, () => alert)),
  ),
  omitted: fc.integer({ min: 0, max: 10_000 }),
  at: time,
});

export const anyWording: fc.Arbitrary<Wording> = fc.record({
  language: fc.constantFrom("en", "fr"),
  timeZone: fc.constantFrom("UTC", "Europe/Paris", "America/St_Johns"),
  runbooks: fc.option(fc.webUrl().map((url) => new URL(url))),
  console: fc.option(fc.webUrl().map((url) => new URL(url))),
});
