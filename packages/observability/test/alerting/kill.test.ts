import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { after, test } from "node:test";
import { testDatabase, until } from "@rempart/testing";
import { type Notification, observabilityMigrations } from "../../src/index.ts";

const postgres = await testDatabase({ migrations: [observabilityMigrations] });
after(() => postgres.close());

const folder = mkdtempSync(join(tmpdir(), "rempart-kill-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const AHEAD = join(folder, "ahead");
let aheadMs = 0;

/** Sets the store's clock forward, for all processes between two updates. */
function advance(ms: number): void {
  aheadMs += ms;
  writeFileSync(`${AHEAD}.new`, String(aheadMs));
  renameSync(`${AHEAD}.new`, AHEAD);
}
advance(0);

/** A letter is its sender's for three attempts of 20 seconds. */
const LEASE_MS = 61_000;
/** A leap of the clock counts as a minute, in which nobody is given up: it goes on in steps that are shorter than a claim. */
const STEP_MS = 30_000;
const ROUNDS = 3;
const PROCESSES = 3;

interface Heard {
  readonly notification: Notification;
  readonly sender: string;
  readonly answer: ServerResponse;
}

const heard: Heard[] = [];
/** The first attempt of each round's firing finds a receiver that takes it and does not answer. */
const server = createServer((request: IncomingMessage, answer: ServerResponse) => {
  void json(request).then((body) => {
    const notification = body as Notification;
    const isFirst = !heard.some((one) => one.notification.groupKey === notification.groupKey);
    heard.push({ notification, sender: String(request.headers["x-sender"]), answer });
    if (!isFirst) answer.end();
  });
});
server.listen(0, "127.0.0.1");
await once(server, "listening");
after(() => {
  server.closeAllConnections();
  server.close();
});

const running = new Map<string, ChildProcess>();
after(() => {
  for (const child of running.values()) child.kill("SIGKILL");
});
let started = 0;
let seen: string[] = [];

async function start(): Promise<void> {
  const name = `process-${++started}`;
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const child = fork(new URL("../fixtures/alerting-process.ts", import.meta.url), [
    postgres.url,
    url,
    name,
    AHEAD,
  ]);
  running.set(name, child);
  await once(child, "message");
  child.send(seen);
}

async function kill(name: string): Promise<void> {
  const child = running.get(name);
  assert.ok(child !== undefined);
  running.delete(name);
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}

function see(rounds: string[]): void {
  seen = rounds;
  for (const child of running.values()) child.send(rounds);
}

/** What the dead saw is over when they were not heard of for five minutes. */
function forgotten(): Promise<void> {
  return until(async () => {
    const kept = await postgres.database.query<{ key: string }>(
      "SELECT key FROM alerting_entries WHERE kind = 'reporter' AND body IS NOT NULL",
    );
    if (kept.every(({ key }) => running.has(key))) return true;
    // What is under way meanwhile keeps its claim through one step.
    await settled();
    advance(STEP_MS);
    return false;
  });
}

/** What came of everything that was sent is written down: no claim runs out. */
function settled(): Promise<void> {
  return until(async () => {
    const letters = await postgres.database.query(
      "SELECT 1 FROM alerting_entries WHERE kind = 'letter' AND body IS NOT NULL",
    );
    return letters.length === 0;
  });
}

const about = (round: string): Heard[] =>
  heard.filter(({ notification }) => notification.groupLabels.round === round);

test("senders that are killed while they send lose no alert, and each is told twice at most", async () => {
  await Promise.all(Array.from({ length: PROCESSES }, start));
  for (let round = 1; round <= ROUNDS; round++) {
    see([...seen, String(round)]);
    await until(() => about(String(round)).length === 1);
    await kill(about(String(round))[0]?.sender ?? "");
    advance(LEASE_MS);
    await until(() => about(String(round)).length === 2);
    await settled();
    await start();
  }
  see([]);
  await forgotten();
  const isOver = (round: string): boolean =>
    about(round).some(({ notification }) => notification.status === "resolved");
  await until(
    () => seen.length === 0 && Array.from({ length: ROUNDS }, (_, index) => String(index + 1)).every(isOver),
  );
  await settled();
  for (const name of [...running.keys()]) await kill(name);
  for (let round = 1; round <= ROUNDS; round++) {
    const said = about(String(round)).map(({ notification }) => notification);
    const firing = said.filter(({ status }) => status === "firing");
    assert.deepEqual(
      firing.map(({ occasion }) => occasion),
      ["new", "new"],
    );
    assert.equal(new Set(firing.map(({ id }) => id)).size, 1, "the second is the first, again");
    assert.equal(said.length, 3, "its end is told once");
    assert.equal(said.at(-1)?.status, "resolved");
  }
});
