import assert from "node:assert/strict";
import { test } from "node:test";
import type { Json } from "../entry/canonical.ts";
import type { EventType } from "../events/table.ts";
import type { AuditRecord } from "../reading/record.ts";
import { LogHealth } from "./log-health.ts";
import { HOUR, MINUTE, type Rule, SECOND, type Suspicion } from "./rule.ts";
import {
  deviceChurn,
  failedLoginsByAccount,
  failedLoginsByAddress,
  failedLoginsSpread,
  honeytokenUse,
  impossibleDeviceChange,
  injectionAttempts,
  keyChangeThenBurst,
  massDownload,
  massExport,
  privilegeOutsideHours,
  RULES,
  tokenReuse,
  unauthorisedAdministration,
} from "./rules.ts";
import { Windows } from "./windows.ts";

const MONDAY_NOON = Date.UTC(2026, 10, 23, 12);
let counter = 0;

interface Told {
  at?: number;
  address?: string | null;
  user?: string;
  account?: string;
  path?: string;
  limit?: string;
  metadata?: Record<string, Json>;
}

function entry(type: EventType, told: Told = {}): AuditRecord {
  counter += 1;
  const { at = 0, address = null, user, account, path, limit, metadata = {} } = told;
  const body = {
    ...(user === undefined ? {} : { actor: { userId: user } }),
    ...(account === undefined ? {} : { resource: { type: "user", id: account, metadata } }),
    ...(account === undefined && Object.keys(metadata).length > 0
      ? { resource: { type: "x", id: "y", metadata } }
      : {}),
    ...(path === undefined ? {} : { request: { path } }),
    ...(limit === undefined ? {} : { security: { limit } }),
  };
  const fixed = { label: "X", severity: "notice", subject: null } as const;
  return { ...fixed, id: `e${counter}`, index: counter, type, time: MONDAY_NOON + at, address, body };
}

/** The suspicions that a rule has of these entries. */
function judge(rule: Rule, records: readonly AuditRecord[]): Suspicion[] {
  const watch = rule.start();
  return records.map((record) => watch.see(record)).filter((suspicion) => suspicion !== null);
}

function times<T>(count: number, make: (i: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => make(i));
}

test("eleven failed sign-ins a minute from one address are one too many, ten are not", () => {
  const fails = (count: number, everyMs: number) =>
    times(count, (i) => entry("auth.login.failed", { at: i * everyMs, address: "192.0.2.1" }));
  assert.deepEqual(judge(failedLoginsByAddress, fails(10, SECOND)), []);
  const [found] = judge(failedLoginsByAddress, fails(11, SECOND));
  assert.deepEqual(found?.target, { kind: "address", value: "192.0.2.1" });
  assert.equal(found?.evidence.length, 10);
  assert.match(found?.reason ?? "", /11 within 60 s/);
  assert.deepEqual(
    judge(failedLoginsByAddress, fails(60, 7 * SECOND)),
    [],
    "ten a minute may go on for ever",
  );
});

test("one account attacked from everywhere is seen by the account", () => {
  const records = times(11, (i) =>
    entry("auth.login.failed", { at: i, address: `192.0.2.${i}`, account: "ada" }),
  );
  assert.deepEqual(judge(failedLoginsByAccount, records)[0]?.target, { kind: "user", value: "ada" });
  assert.deepEqual(judge(failedLoginsByAddress, records), []);
});

test("one try at each of many accounts is seen, many tries at one are another rule's", () => {
  const spread = times(11, (i) =>
    entry("auth.login.failed", { at: i * 4 * MINUTE, address: "192.0.2.1", account: `u${i}` }),
  );
  assert.equal(judge(failedLoginsSpread, spread).length, 1);
  assert.deepEqual(judge(failedLoginsByAddress, spread), []);
  const same = times(30, (i) => entry("auth.login.failed", { at: i, address: "192.0.2.1", account: "ada" }));
  assert.deepEqual(judge(failedLoginsSpread, same), []);
});

test("attacks, refused administration, exports, downloads and traps each have their measure", () => {
  const cases: [Rule, EventType, Told, number][] = [
    [injectionAttempts, "edge.attack", { address: "192.0.2.1" }, 2],
    [unauthorisedAdministration, "access.denied", { user: "u1", path: "/admin/users" }, 2],
    [unauthorisedAdministration, "access.denied", { address: "192.0.2.1", path: "/admin/users" }, 2],
    [deviceChurn, "key.change", { user: "u1", metadata: { change: "added" } }, 3],
    [massExport, "data.export", { user: "u1" }, 5],
    [massDownload, "data.download", { user: "u1" }, 100],
    [honeytokenUse, "honeytoken.used", { address: "192.0.2.1" }, 0],
    [tokenReuse, "auth.token.reused", { account: "u1" }, 0],
  ];
  for (const [rule, type, told, usual] of cases) {
    const records = times(usual + 1, (i) => entry(type, { ...told, at: i }));
    assert.deepEqual(judge(rule, records.slice(0, usual)), [], rule.name);
    assert.equal(judge(rule, records).length, 1, rule.name);
  }
  assert.deepEqual(
    judge(
      unauthorisedAdministration,
      times(9, () => entry("access.denied", { user: "u", path: "/api" })),
    ),
    [],
  );
});

test("devices of one account that change from two places at once are impossible", () => {
  const change = (at: number, address: string) => entry("key.change", { at, user: "u1", address });
  assert.deepEqual(judge(impossibleDeviceChange, [change(0, "192.0.2.1"), change(1, "192.0.7.9")]), []);
  assert.equal(judge(impossibleDeviceChange, [change(0, "192.0.2.1"), change(1, "203.0.113.9")]).length, 1);
  assert.deepEqual(
    judge(impossibleDeviceChange, [change(0, "192.0.2.1"), change(6 * MINUTE, "203.0.113.9")]),
    [],
  );
});

test("a burst counts after a key change, and a key change alone does not", () => {
  const change = entry("key.change", { user: "u1" });
  const burst = (at: number, user = "u1", limit = "messages") => entry("edge.limited", { at, user, limit });
  assert.equal(judge(keyChangeThenBurst, [change, burst(MINUTE), burst(MINUTE)]).length, 1);
  assert.deepEqual(judge(keyChangeThenBurst, [change, change]), []);
  assert.deepEqual(judge(keyChangeThenBurst, [burst(0), change]), []);
  assert.deepEqual(judge(keyChangeThenBurst, [change, burst(MINUTE, "u2")]), []);
  assert.deepEqual(judge(keyChangeThenBurst, [change, burst(MINUTE, "u1", "auth")]), []);
  assert.deepEqual(judge(keyChangeThenBurst, [change, burst(11 * MINUTE)]), []);
});

test("a privilege that changes at night or on a Sunday is told, in the zone that was said", () => {
  const change = (at: number) => entry("privilege.changed", { at, user: "root" });
  assert.deepEqual(judge(privilegeOutsideHours(), [change(0)]), []);
  assert.equal(judge(privilegeOutsideHours(), [change(10 * HOUR)]).length, 1);
  assert.equal(judge(privilegeOutsideHours(), [change(-24 * HOUR)]).length, 1);
  const tokyo = privilegeOutsideHours({ timeZone: "Asia/Tokyo", from: 7, to: 20, days: [1, 2, 3, 4, 5] });
  assert.equal(judge(tokyo, [change(0)]).length, 1);
  assert.throws(
    () => privilegeOutsideHours({ timeZone: "Mars/Olympus", from: 0, to: 1, days: [] }),
    RangeError,
  );
});

test("every rule has a name of its own and a memory as long as it counts", () => {
  assert.equal(new Set(RULES.map(({ name }) => name)).size, RULES.length);
  for (const rule of RULES) assert.ok(rule.coolDownMs > 0 && rule.types.length > 0, rule.name);
});

test("windows forget the key seen the longest ago, and hold a bounded number", () => {
  const windows = new Windows(MINUTE);
  for (let i = 0; i < 25_000; i += 1) windows.add(`k${i}`, i, "id");
  assert.equal(windows.size, 20_000);
  for (let i = 0; i < 1_000; i += 1) windows.add("k", 25_000, "id");
  assert.equal(windows.peek("k", 25_000).length, 256);
});

test("a gap in the places and a clock that jumps are told once", () => {
  const health = new LogHealth();
  const now = MONDAY_NOON + HOUR;
  const see = (index: number, time: number) =>
    health.see({ ...entry("access.request"), index, time }, now)?.kind ?? null;
  assert.equal(see(0, now), null);
  assert.equal(see(1, now - 10 * MINUTE), null, "a long transaction");
  assert.equal(see(3, now), "gap");
  assert.equal(see(4, now + HOUR), "clock-ahead");
  assert.equal(see(5, now), null);
  assert.equal(see(6, now - HOUR), "clock-back");
});
