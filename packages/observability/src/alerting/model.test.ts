/** What a receiver knows, from what it was told alone, against what is so. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { gauge } from "../metrics/declare.ts";
import { alert } from "../objectives/rule.ts";
import { series } from "../objectives/scenario.ts";
import { above, gaugeOf } from "../rules/builders.ts";
import { adopt } from "./adopt.ts";
import { fingerprintOf } from "./fingerprint.ts";
import { holdsAt } from "./holds.ts";
import type { Mute } from "./mutes.ts";
import type { Notification } from "./notification.ts";
import { routerOf } from "./routes.ts";
import { type AlertingState, DEFAULT_POLICY, EMPTY_STATE, isFiring } from "./state.ts";
import { type Rules, step } from "./step.ts";
import { consequencesOf } from "./topology.ts";

const MINUTE = 60_000;
const level = gauge({ name: "level", help: "For a test.", unit: "count" });

const SIGHTINGS = (
  [
    ["Root", "critical", "database"],
    ["Strain", "critical", "database"],
    ["Leaf", "warning", "application"],
    ["Leaf", "warning", "application"],
    ["Grave", "critical", "application"],
  ] as const
).map(([name, severity, component], index) => {
  const scenario = { every: "1m", series: [series(level, {}, 2)], firesAt: "1m", resolvedAt: "2m" } as const;
  const rule = alert({
    name,
    expression: above(gaugeOf(level), 1),
    ...(name === "Root" ? { outage: true } : {}),
    severity,
    component,
    summary: "",
    runbook: "",
    scenario,
  });
  const labels = { index: String(index) };
  return { fingerprint: fingerprintOf(name, labels), rule, labels, value: 1 };
});

/** What one receiver knows of the groups that it was told about. */
class Told {
  readonly firing = new Map<string, Set<string>>();
  readonly #acknowledged = new Set<string>();

  hear({ groupKey, alerts, occasion, status }: Notification): void {
    const known = this.firing.get(groupKey) ?? new Set();
    const isNew = alerts.some(({ fingerprint, state, flapping }) =>
      state === "firing" ? !known.has(fingerprint) || flapping === true : known.has(fingerprint),
    );
    if (occasion === "new" || occasion === "changed" || occasion === "resolved")
      assert.ok(isNew, "told without news");
    if (occasion === "acknowledged") {
      assert.ok(!this.#acknowledged.has(groupKey), "acknowledged twice");
      assert.ok(alerts.every(({ acknowledgedBy }) => acknowledgedBy !== undefined));
      this.#acknowledged.add(groupKey);
    } else this.#acknowledged.delete(groupKey);
    for (const { fingerprint, state } of alerts) {
      if (state === "firing") known.add(fingerprint);
      else assert.ok(known.delete(fingerprint), "the end of what was never told");
    }
    if (status === "resolved") known.clear();
    this.firing.set(groupKey, known);
  }

  all(): Set<string> {
    return new Set([...this.firing.values()].flatMap((known) => [...known]));
  }
}

const subset = fc.subarray(SIGHTINGS);
const move = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("see" as const),
      reporter: fc.constantFrom("a", "b"),
      sightings: subset,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("wait" as const),
      ms: fc.integer({ min: 1_000, max: 8 * MINUTE }),
    }),
  },
  fc.record({
    kind: fc.constant("mute" as const),
    name: fc.constantFrom("Root", "Leaf"),
    ms: fc.integer({ min: 1, max: 90 * MINUTE }),
  }),
  fc.record({ kind: fc.constant("acknowledge" as const) }),
  fc.record({ kind: fc.constant("lose" as const) }),
  fc.record({ kind: fc.constant("find" as const) }),
  fc.record({
    kind: fc.constant("jump" as const),
    ms: fc.integer({ min: -200 * MINUTE, max: 200 * MINUTE }),
  }),
);

test("receivers know what fires and is not held back, hear of each end, and hear nothing without news", () => {
  const groupings = fc.constantFrom<readonly string[]>([], ["alertname"], ["index"]);
  fc.assert(
    fc.property(groupings, fc.array(move, { maxLength: 80 }), subset, (groupBy, moves, last) => {
      let id = 0;
      const rules: Rules = {
        router: routerOf({ receiver: "all", groupBy, repeatMs: 24 * 60 * MINUTE }),
        consequences: consequencesOf(
          { application: ["database"] },
          SIGHTINGS.map(({ rule }) => rule),
        ),
        policy: DEFAULT_POLICY,
        newId: () => String(++id),
      };
      const told = new Told();
      let state: AlertingState = EMPTY_STATE;
      let now = 10_000_000_000;
      let seed: AlertingState | null = null;
      const letters = new Map();
      const find = (): void => {
        if (seed === null) return;
        const [stored, own] = [
          { state: seed, letters },
          { state, letters },
        ];
        state = adopt(stored, own, stored, now).state;
        seed = null;
      };
      const turn = (reporter: string | null, sightings: typeof SIGHTINGS): void => {
        const report = reporter === null ? null : { reporter, sightings, blind: [] };
        const next = step(state, report, now, rules);
        state = next.state;
        for (const notification of next.notifications) told.hear(notification);
      };
      for (const one of moves) {
        if (one.kind === "see") turn(one.reporter, one.sightings);
        else if (one.kind === "lose") seed ??= state;
        else if (one.kind === "find") find();
        else if (one.kind === "acknowledge") {
          const acknowledged = { by: "ada", at: now };
          const alerts = [...state.alerts].map(
            ([fingerprint, record]) =>
              [fingerprint, isFiring(record) ? { ...record, acknowledged } : record] as const,
          );
          state = { ...state, alerts: new Map(alerts) };
        } else if (one.kind === "mute") {
          const when = { kind: "once", from: now, to: now + one.ms } as const;
          const where = { alertname: one.name };
          const mute: Mute = {
            id: "m",
            kind: "silence",
            where,
            author: "",
            reason: "",
            when,
            createdAt: now,
          };
          state = { ...state, mutes: new Map([["m", mute]]) };
        } else {
          now += one.ms;
          turn(null, []);
        }
        assert.ok(state.alerts.size <= SIGHTINGS.length && state.groups.size <= SIGHTINGS.length);
      }
      find();
      state = { ...state, mutes: new Map() };
      for (let minute = 0; minute < 90; minute++) {
        now += MINUTE;
        turn("a", last);
      }
      const holdsOf = holdsAt(state, rules.consequences, now);
      const firing = [...state.alerts.values()].filter(isFiring);
      const free = firing
        .filter((record) => holdsOf(record).length === 0)
        .map(({ fingerprint }) => fingerprint);
      const inhibited = firing.filter((record) => holdsOf(record).some(({ kind }) => kind === "inhibited"));
      const isOut = firing.some(({ rule }) => rule === "Root");
      assert.deepEqual(
        inhibited.map(({ fingerprint }) => fingerprint),
        firing.filter(({ component }) => isOut && component === "application").map((one) => one.fingerprint),
        "an outage holds back what needs it, and nothing else holds anything back",
      );
      const known = told.all();
      assert.deepEqual(
        firing.map(({ fingerprint }) => fingerprint).sort(),
        last.map(({ fingerprint }) => fingerprint).sort(),
      );
      assert.deepEqual(
        free.filter((fingerprint) => !known.has(fingerprint)),
        [],
        "nothing is lost",
      );
      const gone = [...known].filter((fingerprint) => !last.some((one) => one.fingerprint === fingerprint));
      assert.deepEqual(gone, [], "every end is told");
    }),
  );
});
