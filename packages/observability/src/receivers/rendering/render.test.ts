import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  AT,
  anyNotification,
  anyWording,
  HOSTILE,
  notification,
  notifiedAlert,
  resolution,
  WORDING,
} from "../../../test/notifications.ts";
import type { Occasion } from "../../alerting/notification.ts";
import { formatsOf } from "./format.ts";
import { renderNotification } from "./render.ts";
import type { Wording } from "./wording.ts";

const FRENCH: Wording = { ...WORDING, language: "fr", timeZone: "Europe/Paris" };

test("an operator reads what is wrong, since when, how grave, the value, the labels and where to look", () => {
  assert.equal(
    renderNotification(notification(), WORDING).text,
    `[CRITICAL] HighErrorRate (application)

1 alert is firing.

HighErrorRate: More than 5 % of the requests fail.
Severity: critical
Component: application
Since: 21 Sept 2026, 14:08:20 UTC (for 5 minutes)
Value: 0.0712
Labels: job="messenger"
Runbook: https://docs.example/runbooks/high-error-rate.md

Console: https://console.example/
`,
  );
});

test("the same in French, in the operator's own time zone, with a comma and plurals", () => {
  const value = 1_234_567.5;
  const alerts = [notifiedAlert({ value }), notifiedAlert({ severity: "warning" })];
  assert.equal(
    renderNotification(notification({ alerts, omitted: 1 }), FRENCH, 1).text,
    `[CRITIQUE] HighErrorRate (application) et 2 autres

2 alertes en cours, 1 autre.

HighErrorRate : More than 5 % of the requests fail.
Gravité : critique
Composant : application
Depuis : 21 sept. 2026, 16:08:20 UTC+2 (il y a 5 minutes)
Valeur : 1\u202f234\u202f570
Étiquettes : job="messenger"
Procédure : https://docs.example/runbooks/high-error-rate.md

… et 2 autres alertes.

Console : https://console.example/
`,
  );
});

test("what is resolved says when, and how long it lasted", () => {
  const { title, lead, alerts } = renderNotification(resolution(), WORDING);
  assert.equal(title, "[RESOLVED] HighErrorRate (application)");
  assert.equal(lead, "1 alert is resolved.");
  const facts = new Map(alerts[0]?.facts);
  assert.equal(facts.get("Since"), "21 Sept 2026, 14:08:20 UTC");
  assert.equal(facts.get("Resolved"), "21 Sept 2026, 14:13:19 UTC (after 4 minutes 59 seconds)");
});

test("each occasion is told apart, in both languages", () => {
  const occasions: Occasion[] = ["new", "changed", "repeated", "escalated", "test"];
  for (const wording of [WORDING, FRENCH]) {
    const told = occasions.map((occasion) => {
      const { title, lead } = renderNotification(notification({ occasion }), wording);
      return `${title} ${lead}`;
    });
    told.push(renderNotification(resolution(), wording).title);
    told.push(renderNotification(resolution({ occasion: "test" }), wording).title);
    assert.equal(new Set(told).size, occasions.length + 2);
  }
  assert.equal(
    renderNotification(notification({ occasion: "repeated" }), WORDING).title,
    "[CRITICAL, still firing] HighErrorRate (application)",
  );
  const tested = renderNotification(notification({ occasion: "test" }), FRENCH);
  assert.equal(tested.title, "[TEST, critique] HighErrorRate (application)");
  assert.match(tested.lead, /^Ceci est un test/);
});

test("one and many are told apart", () => {
  const many = Array.from({ length: 3 }, () => notifiedAlert());
  const done = [notifiedAlert({ state: "resolved", resolvedAt: AT }), ...many];
  const leadOf = (alerts: typeof many, wording: Wording): string =>
    renderNotification(notification({ alerts }), wording).lead;
  assert.equal(leadOf(many, WORDING), "3 alerts are firing.");
  assert.equal(leadOf(done, WORDING), "3 alerts are firing, 1 alert is resolved.");
  assert.equal(leadOf(many.slice(0, 1), FRENCH), "1 alerte en cours.");
  assert.equal(leadOf(done, FRENCH), "3 alertes en cours, 1 alerte résolue.");
});

test("alerts that are not listed are counted", () => {
  const alerts = Array.from({ length: 100 }, () => notifiedAlert());
  const rendered = renderNotification(notification({ alerts, omitted: 1_900 }), WORDING, 20);
  assert.equal(rendered.alerts.length, 20);
  assert.equal(rendered.more, "… and 1,980 more alerts.");
  assert.equal(rendered.title, "[CRITICAL] HighErrorRate (application) and 1,999 more");
});

test("an alert that comes and goes is said to", () => {
  const alerts = [notifiedAlert({ flapping: true })];
  const lineOf = (wording: Wording): string => renderNotification(notification({ alerts }), wording).text;
  assert.match(lineOf(WORDING), /^Flapping: it comes and goes/m);
  assert.match(lineOf(FRENCH), /^Instable : l’alerte va et vient/m);
  assert.doesNotMatch(renderNotification(notification(), WORDING).text, /Flapping/);
});

test("without labels, runbooks and console nothing is promised", () => {
  const bare = { ...WORDING, runbooks: null, console: null };
  const { text } = renderNotification(notification({ alerts: [notifiedAlert({ labels: {} })] }), bare);
  assert.doesNotMatch(text, /Labels|Console|https:/);
  assert.match(text, /Runbook: high-error-rate/);
});

test("a runbook's name cannot lead elsewhere", () => {
  const alerts = [notifiedAlert({ runbook: "//evil.example/?a#b" })];
  const [alert] = renderNotification(notification({ alerts }), WORDING).alerts;
  assert.equal(alert?.runbook?.url, "https://docs.example/runbooks/%2F%2Fevil.example%2F%3Fa%23b.md");
});

/** Line ends but our own, and what hides or reorders text (Unicode TR 36). */
const DECEPTIVE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

test("a label's value cannot pretend to be another label", () => {
  const alerts = [notifiedAlert({ labels: { path: '/", severity="info', note: "\\u202e" } })];
  const [alert] = renderNotification(notification({ alerts }), WORDING).alerts;
  assert.equal(new Map(alert?.facts).get("Labels"), String.raw`path="/\", severity=\"info", note="\\u202e"`);
});

test("hostile labels stay on their line, visible and bounded", () => {
  for (const value of HOSTILE) {
    const alerts = [notifiedAlert({ labels: { path: value } })];
    const line = new Map(renderNotification(notification({ alerts }), WORDING).alerts[0]?.facts).get(
      "Labels",
    );
    assert.ok(line !== undefined && line.length <= 220, value.slice(0, 40));
    assert.doesNotMatch(line, DECEPTIVE);
    assert.ok(line.isWellFormed());
  }
});

test("whatever is notified is told, on lines that nothing in it breaks, within bounds", () => {
  fc.assert(
    fc.property(anyNotification, anyWording, (any, wording) => {
      const { title, lead, alerts, text } = renderNotification(any, wording, 10);
      for (const line of [title, lead, ...alerts.flatMap(({ lines }) => lines)]) {
        assert.doesNotMatch(line, DECEPTIVE);
        assert.ok(line.isWellFormed() && line.length < 8_000);
      }
      assert.equal(text.includes("undefined"), false);
      assert.ok(alerts.length <= 10 && text.length < 100_000);
    }),
    { numRuns: 60 },
  );
});

const EN = formatsOf("en-GB", "UTC");
const FR = formatsOf("fr-FR", "UTC");

test("numbers keep six digits, and a power of ten where there are too many zeros", () => {
  const en = (value: number): string => EN.number(value);
  assert.deepEqual([0, -0, 12.5, 1234567.89, -3].map(en), ["0", "0", "12.5", "1,234,570", "-3"]);
  assert.deepEqual([1e300, 2e-9, Number.NaN, Number.POSITIVE_INFINITY].map(en), [
    "1E300",
    "2E-9",
    "NaN",
    "∞",
  ]);
  assert.equal(FR.number(0.25), "0,25");
});

test("durations have two units, times their zone", () => {
  const en = (ms: number): string => EN.duration(ms);
  assert.deepEqual([-5, 0, 1_000, 61_000].map(en), ["1 second", "1 second", "1 second", "1 minute 1 second"]);
  assert.equal(en(3_600_000), "1 hour");
  assert.equal(en(86_400_000 * 3 + 7_200_000 + 59_000), "3 days 2 hours");
  assert.equal(FR.duration(172_800_000), "2\u00a0jours");
  assert.match(formatsOf("en-GB", "America/St_Johns").time(AT), /GMT-2:30$/);
});
