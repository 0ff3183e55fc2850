import assert from "node:assert/strict";
import { after, test } from "node:test";
import { systemClock } from "@rempart/kernel";
import { testDatabase } from "@rempart/testing";
import type { Letter } from "../../src/alerting/letters.ts";
import { type AlertEvent, type AlertRecord, EMPTY_STATE } from "../../src/alerting/state.ts";
import type { AlertStore, Held } from "../../src/alerting/store.ts";
import {
  type AlertDatabase,
  memoryAlertStore,
  observabilityMigrations,
  postgresAlertStore,
} from "../../src/index.ts";

const postgres = await testDatabase({ migrations: [observabilityMigrations] });
after(() => postgres.close());

const record: AlertRecord = {
  fingerprint: "f",
  rule: "Down",
  labels: { value: "a label", quote: `"'\\\n\u{1f600}` },
  severity: "critical",
  component: "database",
  summary: "It is down.",
  runbook: "down",
  forMs: 0,
  value: Number.POSITIVE_INFINITY,
  valueAt: 5,
  seenBy: ["a"],
  seenSince: 4,
  unseenSince: null,
  firingAt: 4,
  resolvedAt: null,
  firings: [4],
  told: { group: { at: 4, flapping: false } },
  coolUntil: 0,
  acknowledged: { by: "ada", at: 9 },
  heldBy: null,
};

const letter: Letter = {
  id: "l",
  notification: {
    id: "l",
    receiver: "log",
    groupKey: "group",
    groupLabels: {},
    occasion: "new",
    status: "firing",
    severity: "critical",
    alerts: [
      {
        name: "Down",
        fingerprint: "f",
        state: "firing",
        severity: "critical",
        component: "database",
        labels: {},
        value: Number.NEGATIVE_INFINITY,
        summary: "It is down.",
        runbook: "down",
        firingSince: 4,
        resolvedAt: null,
      },
    ],
    omitted: 0,
    at: 5,
  },
  attempts: 1,
  firstAttemptAt: 5,
  nextAttemptAt: 6,
  pausedUntil: 7,
  lease: { sender: "a", until: 9 },
  dead: null,
};

const group = {
  key: "group",
  labels: {},
  receivers: ["log"],
  dueAt: 6,
  toldAt: 5,
  isAcknowledged: true,
};

const everything: Held = {
  state: {
    alerts: new Map([["f", record]]),
    groups: new Map([["group", group]]),
    reporters: new Map([["a", { id: "a", heardAt: 5, blind: ["Slow"] }]]),
    mutes: new Map([
      [
        "m",
        {
          id: "m",
          kind: "silence",
          where: { alertname: { oneOf: ["Down"] } },
          author: "ada",
          reason: "work",
          when: { kind: "once", from: 1, to: 2 },
          createdAt: 1,
        },
      ],
    ]),
    at: 7,
  },
  letters: new Map([["l", letter]]),
};

/** Every store, twice over what it keeps: as one process, and as another one. */
function contract(name: string, open: () => AlertStore, reopen: (store: AlertStore) => AlertStore): void {
  const put = (store: AlertStore, held: Held, events: readonly AlertEvent[] = []): Promise<void> =>
    store.update(() => ({ held, events, answer: undefined }));
  const get = (store: AlertStore): Promise<Held> => store.update((held) => ({ held, answer: held }));

  test(`${name}: what is put is found again, by every process, as it was`, async () => {
    const store = open();
    await put(store, everything);
    assert.deepEqual(await get(store), everything);
    assert.deepEqual(await get(reopen(store)), everything);
  });

  test(`${name}: what others changed and removed is learnt`, async () => {
    const [mine, other] = [open(), null as AlertStore | null];
    const second = other ?? reopen(mine);
    await put(mine, everything);
    await get(second);
    const renamed = { ...record, value: 3 };
    await put(second, {
      ...everything,
      state: { ...everything.state, alerts: new Map([["f", renamed]]) },
      letters: new Map(),
    });
    assert.deepEqual((await get(mine)).state.alerts.get("f"), renamed);
    await put(mine, { state: EMPTY_STATE, letters: new Map() });
    const left = await get(second);
    assert.equal(
      left.state.alerts.size + left.state.groups.size + left.state.mutes.size + left.letters.size,
      0,
    );
  });

  test(`${name}: work that throws changes nothing`, async () => {
    const store = open();
    await put(store, everything);
    await assert.rejects(
      store.update(() => {
        throw new RangeError("no");
      }),
      RangeError,
    );
    assert.deepEqual(await get(store), everything);
  });

  test(`${name}: many at once lose no change`, async () => {
    const stores = [open()];
    for (let index = 1; index < 4; index++) stores.push(reopen(stores[0] as AlertStore));
    await put(stores[0] as AlertStore, { state: EMPTY_STATE, letters: new Map() });
    const turns = Array.from({ length: 40 }, (_, index) => {
      const store = stores[index % stores.length] as AlertStore;
      return store.update((held) => {
        const alerts = new Map(held.state.alerts).set(`f${index}`, { ...record, fingerprint: `f${index}` });
        return { held: { ...held, state: { ...held.state, alerts } }, answer: alerts.size };
      });
    });
    const sizes = await Promise.all(turns);
    assert.deepEqual(
      sizes.toSorted((a, b) => a - b),
      Array.from({ length: 40 }, (_, index) => index + 1),
    );
  });

  test(`${name}: events are found by rule and fingerprint, newest first, and pruned by age and number`, async () => {
    const store = open();
    const now = 1_800_000_000_000;
    const eventAt = (at: number): AlertEvent => ({
      at,
      kind: "fired",
      fingerprint: "g",
      rule: "Gone",
      value: Number.NaN,
      detail: null,
    });
    await store.prune(now * 2, 0);
    await put(store, everything, [
      eventAt(now),
      eventAt(now + 1_000),
      { ...eventAt(now + 2_000), rule: "Other", fingerprint: "o", value: 2, detail: "x" },
    ]);
    assert.deepEqual(await store.events("Gone", 10), [eventAt(now + 1_000), eventAt(now)]);
    assert.deepEqual(
      (await store.events("o", 10)).map(({ value, detail }) => [value, detail]),
      [[2, "x"]],
    );
    assert.equal((await store.events(null, 2)).length, 2);
    await store.prune(now + 1, 10);
    assert.equal((await store.events(null, 10)).length, 2);
    await store.prune(0, 1);
    assert.deepEqual(
      (await store.events(null, 10)).map(({ rule }) => rule),
      ["Other"],
    );
  });

  test(`${name}: of each rule the newest reason is kept`, async () => {
    const store = open();
    assert.equal(await store.reasonOf("Unknown"), null);
    await store.keepReason("Down", { at: 1_800_000_000_000, text: "old" });
    await store.keepReason("Down", { at: 1_800_000_000_123, text: "new" });
    assert.deepEqual(await store.reasonOf("Down"), { at: 1_800_000_000_123, text: "new" });
  });
}

contract(
  "memory",
  () => memoryAlertStore(systemClock),
  (store) => store,
);
contract(
  "PostgreSQL",
  () => postgresAlertStore(postgres.database),
  () => postgresAlertStore(postgres.database),
);

test("a process that is stopped while it holds the lock keeps no other from telling", async () => {
  const { promise: stopped, resolve: stop } = Promise.withResolvers<void>();
  const { promise: isGoingOn, resolve: goOn } = Promise.withResolvers<void>();
  const stopping: AlertDatabase = {
    query: (...statement) => postgres.database.query(...statement),
    transaction: (work) =>
      postgres.database.transaction((tx) =>
        work({
          async query<Row extends object>(text: string, values?: readonly unknown[]): Promise<Row[]> {
            const rows = await tx.query<Row>(text, values);
            stop();
            await isGoingOn;
            return rows;
          },
        }),
      ),
  };
  const holding = postgresAlertStore(stopping, { longestHoldMs: 50 }).update((held) => ({ held, answer: 1 }));
  await stopped;
  assert.equal(await postgresAlertStore(postgres.database).update((held) => ({ held, answer: 2 })), 2);
  goOn();
  await assert.rejects(holding);
});

test("who was away while traces of removed entries were cleaned away reads everything anew", async () => {
  const [mine, other] = [postgresAlertStore(postgres.database), postgresAlertStore(postgres.database)];
  await mine.update(() => ({ held: everything, answer: null }));
  await other.update((held) => ({ held, answer: null }));
  await mine.update((held) => ({ held: { ...held, letters: new Map() }, answer: null }));
  await postgres.database.query("UPDATE alerting_revisions SET revision = revision + 100000");
  await mine.prune(0, 10);
  const [row] = await postgres.database.query<{ gone: number }>(
    "SELECT count(*) AS gone FROM alerting_entries WHERE body IS NULL",
  );
  assert.equal(row?.gone, 0);
  assert.equal((await other.update((held) => ({ held, answer: held }))).letters.size, 0);
});
