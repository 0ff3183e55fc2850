import assert from "node:assert/strict";
import { test } from "node:test";
import type { AuditEvent } from "@rempart/audit";
import type { Database } from "@rempart/database";
import { silentLogger } from "@rempart/runtime";
import { BackgroundRecorder } from "./background-recorder.ts";

/** A log that keeps what commits, and a database that can be away. */
function world(capacity?: number) {
  const kept: AuditEvent[] = [];
  const state = { away: false, dropped: 0 };
  const audit = {
    async recordAll(_: unknown, events: readonly AuditEvent[]) {
      if (state.away) throw new Error("away");
      if (events.some(({ resource }) => resource?.id === "bad")) throw new TypeError("no such event");
      kept.push(...events);
      return events.map(() => "id");
    },
  };
  const recorder = new BackgroundRecorder({
    database: {} as Database,
    audit,
    log: silentLogger,
    dropped: (count) => {
      state.dropped += count;
    },
    ...(capacity === undefined ? {} : { capacity }),
  });
  return { recorder, kept, state };
}

const event = (id: string): AuditEvent => ({ type: "edge.attack", resource: { type: "request", id } });

test("what was added is recorded in order, at the latest when it stops", async () => {
  const { recorder, kept, state } = world();
  for (let i = 0; i < 450; i += 1) recorder.add(event(String(i)));
  await recorder.stop();
  assert.deepEqual(
    kept.map(({ resource }) => resource?.id),
    Array.from({ length: 450 }, (_, i) => String(i)),
  );
  assert.equal(state.dropped, 0);
});

test("past its capacity events are dropped and counted, and those that wait are kept", async () => {
  const { recorder, kept, state } = world(3);
  for (let i = 0; i < 10; i += 1) recorder.add(event(String(i)));
  await recorder.stop();
  assert.equal(kept.length, 3);
  assert.equal(state.dropped, 7);
});

test("while the database is away events wait; those that never get there are counted", async () => {
  const { recorder, kept, state } = world();
  state.away = true;
  recorder.add(event("a"));
  recorder.add(event("b"));
  await recorder.stop();
  assert.deepEqual([kept.length, state.dropped], [0, 2]);
});

test("an event that is refused is lost and counted, and keeps no other from the log", async () => {
  const { recorder, kept, state } = world();
  for (const id of ["a", "bad", "b", "c", "bad", "d", "e"]) recorder.add(event(id));
  await recorder.stop();
  assert.deepEqual(
    kept.map(({ resource }) => resource?.id),
    ["a", "b", "c", "d", "e"],
  );
  assert.equal(state.dropped, 2);
});
