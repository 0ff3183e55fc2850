/**
 * The loss of a machine, with real clients at work: everything under the data directory is removed while people write, and a
 * new machine is made of the repository and the key alone, with the commands of `docs/runbooks/disaster-recovery.md`.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { freePort, scratchPlace, until } from "@rempart/testing";
import type { TimelineItem } from "../src/client/api.ts";
import type { CorePorts } from "../src/core/ports.ts";
import {
  arrive,
  closeTabs,
  conversation,
  done,
  type Person,
  reads,
  texts,
  timeline,
} from "./support/person.ts";

const MAIN = fileURLToPath(new URL("../../../cli/src/main.ts", import.meta.url));

let place: string;
let env: NodeJS.ProcessEnv;
let url: string;
let server: ChildProcess;
let adminUrl: string;

before(async () => {
  place = await mkdtemp(join(await scratchPlace(), "rempart-disaster-"));
  await chmod(place, 0o711);
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  const { PATH = "", HOME = "" } = process.env;
  env = {
    PATH,
    HOME,
    HOST: "127.0.0.1",
    PORT: String(port),
    ADMIN_PORT: "0",
    DATA_DIRECTORY: join(place, "data"),
    BACKUP_REPOSITORY: `file:${join(place, "elsewhere", "repository")}`,
    KEY_FILE: join(place, "elsewhere", "key"),
    MONITOR_ENABLED: "false",
    LOG_LEVEL: "silent",
    RATE_LIMIT_MAX: "1000000",
    RATE_LIMIT_AUTH_MAX: "1000000",
    RATE_LIMIT_MESSAGES_MAX: "1000000",
  };
  server = await up();
});

after(async () => {
  await closeTabs();
  server.kill("SIGTERM");
  await once(server, "exit");
  await rm(place, { recursive: true, force: true, maxRetries: 50, retryDelay: 10 });
});

async function up(): Promise<ChildProcess> {
  const child = spawn(process.execPath, [MAIN, "up"], {
    cwd: place,
    env,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (chunk) => {
    said += chunk;
  });
  for (;;) {
    const [, address] = /Administration\s+(http:\S+)/.exec(said) ?? [];
    if (address !== undefined) {
      adminUrl = address;
      return child;
    }
    assert.equal(child.exitCode, null, said);
    await sleep(10);
  }
}

interface Ended {
  readonly code: number | null;
  readonly said: string;
}

async function rempart(...args: string[]): Promise<Ended> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: place,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [said, wrong, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "exit"),
  ]);
  return { code, said: said + wrong };
}

interface Acknowledged {
  readonly id: string;
  readonly text: string;
  /** Unix milliseconds when it was known here: the server had committed it by then. */
  readonly at: number;
}

interface Writer {
  /** What the server said that it has, by id. */
  readonly acknowledged: ReadonlyMap<string, Acknowledged>;
  /** How many were written. */
  readonly count: () => number;
  stop(): Promise<void>;
}

/** One message after the other until it is stopped. */
function write(person: Person, id: string): Writer {
  const acknowledged = new Map<string, Acknowledged>();
  const items = person.client.timeline(id);
  const stopped = new AbortController();
  let count = 0;
  const writing = (async () => {
    for (; !stopped.signal.aborted; count += 1) {
      done(await person.client.send(id, `${person.name} ${count}`));
      await sleep(50);
    }
  })();
  // A timeline shows its end only.
  const unsubscribe = items.subscribe(() => {
    for (const item of items.get().items) {
      if (item.kind !== "text" || !item.mine || item.seq === null || acknowledged.has(item.id)) continue;
      acknowledged.set(item.id, { id: item.id, text: item.text, at: Date.now() });
    }
  });
  return {
    acknowledged,
    count: () => count,
    stop() {
      stopped.abort();
      unsubscribe();
      return writing;
    },
  };
}

/** Draws the shortest wait of every back-off, which alone asks for so few bytes: no client sleeps for half a minute. */
function impatient(ports: CorePorts): CorePorts {
  const bytes = (length: number) => (length === 2 ? new Uint8Array(2) : ports.random.bytes(length));
  return { ...ports, random: { bytes } };
}

async function idsOnServer(person: Person, id: string): Promise<Set<string>> {
  const ids = new Set<string>();
  for (let after = 0; ; ) {
    const path = `/api/v1/conversations/${id}/messages?after=${after}`;
    const page = await (await person.profile.browser.fetch(path, {})).json();
    if (page.messages.length === 0) return ids;
    for (const message of page.messages) ids.add(message.id);
    after = page.messages.at(-1).seq;
  }
}

test("with the machine gone under load, the repository and the key bring everything up to the recovery point back", async (t) => {
  const [ada, bob] = await Promise.all([
    arrive(() => url, "Ada", { change: impatient }),
    arrive(() => url, "Bob", { change: impatient }),
  ]);
  const { conversationId: id } = done(await ada.client.startDirect(bob.id));
  await conversation(bob, id);
  const writers = [write(ada, id), write(bob, id)] as const;
  await until(() => writers.every(({ acknowledged }) => acknowledged.size > 5));

  await t.test("a drill of the running messenger passes under load", async (t) => {
    assert.equal((await rempart("backup", "run")).code, 0);
    const { code, said } = await rempart("backup", "drill", "--json");
    assert.equal(code, 0, said);
    const drilled = JSON.parse(said);
    assert.ok(drilled.recoveryTimeMs > 0 && drilled.recoveryPointMs > 0);
    t.diagnostic(
      `recovery time ${Math.round(drilled.recoveryTimeMs)} ms, recovery point ${drilled.recoveryPointMs} ms`,
    );
    const skipped = drilled.checks.filter(({ outcome }: { outcome: string }) => outcome !== "passed");
    assert.deepEqual(skipped, []);
    assert.match((await rempart("audit", "query", "--type", "DRILL_PASSED")).said, /DRILL_PASSED/);
  });

  await reads(ada, id, `Bob ${writers[1].count() + 5}`);
  const before = writers.map(({ acknowledged }) => [...acknowledged.values()]);
  const lostAt = Date.now();
  // What is written meanwhile turns up in directories that were empty a moment ago.
  await rm(join(place, "data"), { recursive: true, force: true, maxRetries: 50, retryDelay: 10 });
  server.kill("SIGKILL");
  await once(server, "exit");
  await Promise.all(writers.map((writer) => writer.stop()));

  const status = JSON.parse((await rempart("backup", "status", "--json")).said);
  const restored = await rempart("backup", "restore", "latest", "--yes");
  assert.equal(restored.code, 0, restored.said);
  server = await up();
  assert.equal((await fetch(`${url}/health`)).status, 200);
  t.diagnostic(
    `serves ${Date.now() - lostAt} ms after the loss; the recovery point was ${lostAt - status.recoverableTo} ms before it`,
  );

  await t.test("everything acknowledged up to the recovery point is there", async () => {
    const there = await idsOnServer(ada, id);
    const due = before.flat().filter(({ at }) => at <= status.recoverableTo);
    assert.ok(due.length > 10, `${due.length} messages were acknowledged before`);
    assert.deepEqual(
      due.filter((item) => !there.has(item.id)).map((item) => item.text),
      [],
    );
  });

  await t.test("what the drill measured is exported by the new machine too", async () => {
    await until(async () => (await metric("restore_drill_failed")) === 0);
    assert.ok((await metric("restore_drill_recovery_time_seconds")) > 0);
    assert.ok((await metric("restore_drill_expected_recovery_time_seconds")) > 0);
    assert.ok((await metric("restore_drill_recovery_point_seconds")) > 0);
    assert.ok((await metric("restore_drill_last_success_timestamp_seconds")) * 1_000 < lostAt);
  });

  await t.test("people go on where they were, without a hand of theirs", async () => {
    await rejoined(ada, id);
    await rejoined(bob, id);
    done(await ada.client.send(id, "after the disaster"));
    await reads(bob, id, "after the disaster");
    done(await bob.client.send(id, "indeed"));
    await reads(ada, id, "indeed");
    for (const person of [ada, bob]) {
      const seen = texts(await timeline(person, id, () => true));
      assert.equal(new Set(seen).size, seen.length, "nothing is shown twice");
    }
  });
});

/** Not a number when there is none. */
async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${adminUrl}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1]);
}

/** A device that finds the server behind itself joins the group anew. */
function rejoined(person: Person, id: string): Promise<unknown> {
  const isOwn = (item: TimelineItem): boolean =>
    item.kind === "notice" && item.notice.type === "rejoined" && item.notice.person.id === person.id;
  return timeline(person, id, (items) => items.some(isOwn));
}
