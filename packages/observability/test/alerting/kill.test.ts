import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { after, test } from "node:test";
import { testDatabase, until } from "@rempart/testing";
import { type Notification, observabilityMigrations } from "../../src/index.ts";

const postgres = await testDatabase({ migrations: [observabilityMigrations] });
after(() => postgres.close());

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
let started = 0;
let seen: string[] = [];

async function start(): Promise<void> {
  const name = `process-${++started}`;
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const child = fork(new URL("../fixtures/alerting-process.ts", import.meta.url), [postgres.url, url, name]);
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

const about = (round: string): Heard[] =>
  heard.filter(({ notification }) => notification.groupLabels.round === round);

test("senders that are killed while they send lose no alert, and each is told twice at most", async () => {
  await Promise.all(Array.from({ length: PROCESSES }, start));
  for (let round = 1; round <= ROUNDS; round++) {
    see([...seen, String(round)]);
    await until(() => about(String(round)).length === 1);
    await kill(about(String(round))[0]?.sender ?? "");
    await until(() => about(String(round)).length === 2);
    await start();
  }
  see([]);
  const isOver = (round: string): boolean =>
    about(round).some(({ notification }) => notification.status === "resolved");
  await until(
    () => seen.length === 0 && Array.from({ length: ROUNDS }, (_, index) => String(index + 1)).every(isOver),
  );
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
