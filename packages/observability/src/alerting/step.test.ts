import assert from "node:assert/strict";
import { test } from "node:test";
import { gauge } from "../metrics/declare.ts";
import { type AlertRule, alert, type Severity } from "../objectives/rule.ts";
import { series } from "../objectives/scenario.ts";
import { above, gaugeOf } from "../rules/builders.ts";
import type { Report, Sighting } from "./absorb.ts";
import { fingerprintOf } from "./fingerprint.ts";
import type { Mute } from "./mutes.ts";
import type { Notification } from "./notification.ts";
import { type RouteTree, routerOf } from "./routes.ts";
import { type AlertingPolicy, type AlertingState, DEFAULT_POLICY, EMPTY_STATE } from "./state.ts";
import { type Rules, step } from "./step.ts";
import { consequencesOf } from "./topology.ts";

const SECOND = 1_000;
const MINUTE = 60_000;
const level = gauge({ name: "level", help: "For a test.", unit: "count" });

function ruleOf(name: string, severity: Severity, component: string, forMinutes = 0) {
  return alert({
    name,
    expression: above(gaugeOf(level), 1),
    ...(forMinutes === 0 ? {} : { for: `${forMinutes}m` as const }),
    severity,
    component,
    summary: name,
    runbook: "none",
    scenario: { every: "1m", series: [series(level, {}, 2)], firesAt: "1m", resolvedAt: "2m" },
  });
}

const DOWN: AlertRule = { ...ruleOf("Down", "critical", "database"), outage: true };
const SLOW = ruleOf("Slow", "warning", "application");
const LOST = ruleOf("Lost", "critical", "application");
const FULL = ruleOf("Full", "warning", "database");
const STRAINED = ruleOf("Strained", "critical", "database");
const ODD = ruleOf("Odd", "warning", "gateway");
const LATE = ruleOf("Late", "warning", "queue", 5);
const ONE: AlertRule = { ...ruleOf("One", "critical", "one"), outage: true };
const OTHER: AlertRule = { ...ruleOf("Other", "critical", "other"), outage: true };
const TOPOLOGY = { application: ["database"], queue: ["application"], one: ["other"], other: ["one"] };

function sightingOf(rule: ReturnType<typeof ruleOf>, labels: Record<string, string> = {}): Sighting {
  return { fingerprint: fingerprintOf(rule.name, labels), rule, labels, value: 2 };
}

/** A run of the engine, with everything that it told. */
class Run {
  state: AlertingState = EMPTY_STATE;
  now = 1_000_000_000;
  readonly told: Notification[] = [];
  readonly #rules: Rules;

  constructor(
    tree: RouteTree = { receiver: "all", groupBy: ["alertname"] },
    policy: Partial<AlertingPolicy> = {},
  ) {
    let id = 0;
    this.#rules = {
      router: routerOf(tree),
      consequences: consequencesOf(TOPOLOGY, [DOWN, ONE, OTHER]),
      policy: { ...DEFAULT_POLICY, ...policy },
      newId: () => String(++id),
    };
  }

  see(sightings: readonly Sighting[], { reporter = "a", blind = [] as string[] } = {}): Notification[] {
    return this.#step({ reporter, sightings, blind });
  }

  /** Sees the same every quarter of a minute for so long. */
  keepSeeing(sightings: readonly Sighting[], ms: number): Notification[] {
    const told: Notification[] = [];
    for (let passed = 0; passed < ms; passed += 15 * SECOND) {
      this.now += 15 * SECOND;
      told.push(...this.see(sightings));
    }
    return told;
  }

  tick(): Notification[] {
    return this.#step(null);
  }

  #step(report: Report | null): Notification[] {
    const { state, notifications } = step(this.state, report, this.now, this.#rules);
    this.state = state;
    this.told.push(...notifications);
    return [...notifications];
  }

  acknowledge(rule: string): void {
    const alerts = [...this.state.alerts].map(([fingerprint, record]) => {
      const acknowledged = record.rule === rule ? { by: "ada", at: this.now } : record.acknowledged;
      return [fingerprint, { ...record, acknowledged }] as const;
    });
    this.state = { ...this.state, alerts: new Map(alerts) };
  }

  set(mute: Omit<Mute, "id" | "author" | "reason" | "createdAt">): void {
    const whole = { ...mute, id: "m", author: "ada", reason: "work", createdAt: this.now };
    this.state = { ...this.state, mutes: new Map([["m", whole]]) };
  }
}

const said = (notifications: readonly Notification[]): string[] =>
  notifications.map(
    ({ receiver, occasion, status, alerts }) =>
      `${receiver}: ${occasion} ${status} ${alerts.map(({ name }) => name).sort()}`,
  );

test("an alert is told after its group's wait, once, and its end after the group's interval, once", () => {
  const run = new Run();
  assert.deepEqual(run.see([sightingOf(DOWN)]), []);
  assert.deepEqual(said(run.keepSeeing([sightingOf(DOWN)], 30 * MINUTE)), ["all: new firing Down"]);
  assert.deepEqual(said(run.keepSeeing([], 30 * MINUTE)), ["all: resolved resolved Down"]);
  const [fired, ended] = run.told;
  assert.equal(fired?.groupKey, ended?.groupKey);
  assert.ok((ended?.alerts[0]?.resolvedAt ?? 0) > (ended?.alerts[0]?.firingSince ?? 0));
});

test("what fires within the wait is told together, what comes later as a change, and what lasts again after hours", () => {
  const run = new Run({ receiver: "all" });
  run.see([sightingOf(SLOW)]);
  assert.deepEqual(said(run.keepSeeing([sightingOf(SLOW), sightingOf(ODD)], MINUTE)), [
    "all: new firing Odd,Slow",
  ]);
  const three = [sightingOf(SLOW), sightingOf(ODD), sightingOf(DOWN)];
  assert.deepEqual(said(run.keepSeeing(three, 15 * MINUTE)), ["all: changed firing Down,Odd"]);
  assert.deepEqual(said(run.keepSeeing(three, 4 * 60 * MINUTE)), ["all: repeated firing Down,Odd"]);
});

test("an alert that does not stay for its time is never told", () => {
  const run = new Run();
  run.keepSeeing([sightingOf(LATE)], 4 * MINUTE);
  run.keepSeeing([], MINUTE);
  run.keepSeeing([sightingOf(LATE)], 4 * MINUTE);
  assert.deepEqual(run.told, []);
  assert.equal(run.keepSeeing([sightingOf(LATE)], 2 * MINUTE).length, 1);
});

test("many processes that see the same are one alert, which ends when none sees it", () => {
  const run = new Run();
  for (let turn = 0; turn < 20; turn++) {
    run.now += 15 * SECOND;
    for (const reporter of ["a", "b", "c"]) run.see([sightingOf(DOWN)], { reporter });
  }
  assert.equal(run.told.length, 1);
  for (const reporter of ["a", "b"]) run.see([], { reporter });
  run.now += 10 * MINUTE;
  assert.deepEqual(run.tick(), []);
  run.see([], { reporter: "c" });
  assert.deepEqual(said(run.told.slice(1)), ["all: resolved resolved Down"]);
});

test("a process that died is over after its time, unless those that are left do not know better", () => {
  const run = new Run({ receiver: "all", groupWaitMs: 0 });
  run.see([sightingOf(DOWN)], { reporter: "dead" });
  for (let minute = 0; minute < 10; minute++) {
    run.now += 30 * SECOND;
    run.see([], { blind: ["Down"] });
    run.now += 30 * SECOND;
    run.see([], { blind: ["Down"] });
  }
  assert.equal(run.told.length, 1);
  run.see([]);
  run.keepSeeing([], 6 * MINUTE);
  assert.deepEqual(said(run.told.slice(1)), ["all: resolved resolved Down"]);
  assert.deepEqual([...run.state.reporters.keys()], ["a"]);
});

test("an outage mutes whatever is about those who need it, and no other alert mutes anything", () => {
  const run = new Run();
  run.keepSeeing(
    [DOWN, SLOW, LOST, LATE].map((rule) => sightingOf(rule)),
    20 * MINUTE,
  );
  assert.deepEqual(
    run.told.map(({ alerts }) => alerts[0]?.name),
    ["Down"],
  );
  const strained = new Run();
  const all = [FULL, STRAINED, SLOW, LOST];
  strained.keepSeeing(
    all.map((rule) => sightingOf(rule)),
    20 * MINUTE,
  );
  assert.deepEqual(
    strained.told.map(({ alerts }) => alerts[0]?.name).sort(),
    all.map(({ name }) => name).sort(),
  );
  assert.deepEqual(said(run.keepSeeing([sightingOf(SLOW)], 20 * MINUTE)), [
    "all: resolved resolved Down",
    "all: new firing Slow",
  ]);
});

test("in a cycle nobody is muted", () => {
  const run = new Run();
  run.keepSeeing([sightingOf(ONE), sightingOf(OTHER)], MINUTE);
  assert.equal(run.told.length, 2);
});

test("a silence holds back until it ends, and what it held back is told then", () => {
  const run = new Run();
  run.set({
    kind: "silence",
    where: { alertname: "Down" },
    when: { kind: "once", from: 0, to: run.now + 10 * MINUTE },
  });
  assert.deepEqual(run.keepSeeing([sightingOf(DOWN)], 9 * MINUTE), []);
  assert.deepEqual(said(run.keepSeeing([sightingOf(DOWN)], 3 * MINUTE)), ["all: new firing Down"]);
  assert.equal(run.state.mutes.size, 0);
});

test("the end of what was told is told during a silence too", () => {
  const run = new Run();
  run.keepSeeing([sightingOf(DOWN)], MINUTE);
  run.set({
    kind: "silence",
    where: { alertname: "Down" },
    when: { kind: "once", from: 0, to: run.now + 60 * MINUTE },
  });
  assert.deepEqual(said(run.keepSeeing([], 10 * MINUTE)), ["all: resolved resolved Down"]);
});

test("a group told to be over while one of it is only silenced is told anew after the silence", () => {
  const run = new Run({ receiver: "all" });
  const [here, there] = [sightingOf(DOWN, { at: "here" }), sightingOf(DOWN, { at: "there" })];
  run.keepSeeing([here, there], MINUTE);
  run.set({
    kind: "silence",
    where: { at: "here" },
    when: { kind: "once", from: 0, to: run.now + 20 * MINUTE },
  });
  assert.deepEqual(said(run.keepSeeing([here], 10 * MINUTE)), ["all: resolved resolved Down"]);
  assert.deepEqual(said(run.keepSeeing([here], 15 * MINUTE)), ["all: new firing Down"]);
});

test("an alert that comes back at once cools down first, and is told if it stays", () => {
  const run = new Run({ receiver: "all", groupIntervalMs: 1 });
  run.keepSeeing([sightingOf(DOWN)], MINUTE);
  run.keepSeeing([], MINUTE);
  assert.equal(run.told.length, 2);
  assert.deepEqual(run.keepSeeing([sightingOf(DOWN)], 4 * MINUTE), []);
  assert.deepEqual(said(run.keepSeeing([sightingOf(DOWN)], 3 * MINUTE)), ["all: new firing Down"]);
});

test("one that comes and goes is told once as flapping, held, and over when it was away for long enough", () => {
  const run = new Run({ receiver: "all", groupIntervalMs: 1 }, { coolDownMs: 0 });
  for (let time = 0; time < 20; time++) {
    run.keepSeeing([sightingOf(DOWN)], MINUTE);
    run.keepSeeing([], MINUTE);
  }
  const flapping = run.told.filter(({ alerts }) => alerts[0]?.flapping);
  assert.equal(flapping.length, 1);
  assert.equal(run.told.at(-1), flapping[0], "nothing is told while it flaps on");
  assert.deepEqual(said(run.keepSeeing([], 20 * MINUTE)), ["all: resolved resolved Down"]);
});

test("what nobody acknowledges goes to the next ones, each once, who hear of its end too", () => {
  const escalate = [
    { afterMs: 10 * MINUTE, receiver: "lead" },
    { afterMs: 30 * MINUTE, receiver: "head" },
  ];
  const run = new Run({ receiver: "all", escalate });
  run.keepSeeing([sightingOf(DOWN)], 60 * MINUTE);
  const all = ["all: new firing Down", "lead: escalated firing Down", "head: escalated firing Down"];
  assert.deepEqual(said(run.told), all);
  assert.deepEqual(
    said(run.keepSeeing([], 10 * MINUTE)),
    ["all", "lead", "head"].map((receiver) => `${receiver}: resolved resolved Down`),
  );
});

test("what is acknowledged is told so at once, and neither escalated nor repeated", () => {
  const run = new Run({ receiver: "all", escalate: [{ afterMs: 10 * MINUTE, receiver: "lead" }] });
  run.keepSeeing([sightingOf(DOWN), sightingOf(FULL)], MINUTE);
  run.acknowledge("Down");
  assert.deepEqual(run.tick(), [], "the other one still waits for somebody");
  run.acknowledge("Full");
  const [told] = run.tick();
  assert.deepEqual(said(told === undefined ? [] : [told]), ["all: acknowledged firing Down,Full"]);
  assert.deepEqual(
    told?.alerts.map(({ acknowledgedBy }) => acknowledgedBy),
    ["ada", "ada"],
  );
  assert.deepEqual(run.keepSeeing([sightingOf(DOWN), sightingOf(FULL)], 5 * 60 * MINUTE), []);

  const more = [sightingOf(DOWN), sightingOf(FULL), sightingOf(ODD)];
  assert.deepEqual(said(run.keepSeeing(more, MINUTE)), ["all: changed firing Down,Full,Odd"]);
  run.acknowledge("Odd");
  assert.deepEqual(said(run.tick()), ["all: acknowledged firing Down,Full,Odd"]);
});

test("ten thousand alerts at once are one notification of bounded size, and no more are kept", () => {
  const run = new Run({ receiver: "all" });
  const many = Array.from({ length: 12_000 }, (_, index) => sightingOf(DOWN, { shard: String(index) }));
  run.see(many);
  run.now += MINUTE;
  run.see(many);
  assert.equal(run.told.length, 1);
  assert.equal(run.told[0]?.alerts.length, 50);
  assert.equal(run.told[0]?.omitted, 9_950);
  assert.equal(run.state.alerts.size, 10_000);
  assert.ok(JSON.stringify(run.told[0]).length < 50_000);
  run.now += 10 * MINUTE;
  run.see([]);
  assert.equal(run.told.length, 2);
  run.now += 2 * 60 * MINUTE;
  run.tick();
  assert.equal(run.state.alerts.size + run.state.groups.size, 0);
});

test("a rule that runs wild leaves room for the first alert of every other", () => {
  const run = new Run({ receiver: "all", groupBy: ["alertname"] }, { maxAlerts: 20 });
  const many = Array.from({ length: 30 }, (_, index) => sightingOf(ODD, { shard: String(index) }));
  run.keepSeeing(many, MINUTE);
  const told = run.keepSeeing([...many, sightingOf(DOWN, { shard: "1" }), sightingOf(DOWN)], MINUTE);
  assert.deepEqual(said(told), ["all: new firing Down"]);
  assert.equal(run.state.alerts.size, 21);
});

test("a clock that is set forward or back ends no alert, tells none twice, and keeps nothing waiting", () => {
  for (const jump of [-24 * 60 * MINUTE, -10 * MINUTE, 3 * MINUTE, 20 * MINUTE]) {
    const run = new Run({ receiver: "all", repeatMs: 7 * 24 * 60 * MINUTE });
    run.see([sightingOf(DOWN)], { reporter: "b" });
    run.keepSeeing([sightingOf(DOWN)], 5 * MINUTE);
    run.now += jump;
    run.tick();
    run.see([], { reporter: "b" });
    assert.deepEqual(said(run.keepSeeing([sightingOf(DOWN)], 10 * MINUTE)), [], `after ${jump}`);
    assert.deepEqual(said(run.keepSeeing([], 10 * MINUTE)), ["all: resolved resolved Down"], `after ${jump}`);
  }
});
