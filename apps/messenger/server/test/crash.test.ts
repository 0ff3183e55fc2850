/**
 * Death without warning, under load: of the server process and of its database. What was acknowledged is there
 * afterwards, exactly once and in order; what was not is sent again under its id and is not stored twice.
 */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Message } from "@rempart/messaging/contract";
import { freePort, until } from "@rempart/testing";
import { Person } from "./support/person.ts";
import { type ServerProcess, startServerProcess } from "./support/server-process.ts";
import type { TestSocket } from "./support/socket.ts";

const KILLS = 4;
/** Nothing was promised about how soon a busy machine starts a server again. */
const GIVE_UP_MS = 120_000;

let directory: string;
let url: string;
let server: ServerProcess;
let env: Record<string, string>;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), "rempart-crash-"));
  const port = String(await freePort());
  url = `http://localhost:${port}`;
  env = {
    DATABASE_URL: "",
    DATA_DIRECTORY: directory,
    PORT: port,
    ADMIN_PORT: "0",
    RATE_LIMIT_MAX: "1000000",
    RATE_LIMIT_AUTH_MAX: "1000000",
    RATE_LIMIT_MESSAGES_MAX: "1000000",
  };
  server = await startServerProcess(env);
});

after(async () => {
  await server.end("SIGTERM");
  await rm(directory, { recursive: true, force: true });
});

interface Sent {
  readonly id: string;
  readonly seq: number;
}

/** Sends one message after the other until told to stop; each until it is acknowledged, over the socket or by REST. */
class Sender {
  readonly sent: Sent[] = [];
  readonly #person: Person;
  readonly #conversationId: string;
  readonly #overSocket: boolean;
  #socket: TestSocket | null = null;

  constructor(person: Person, conversationId: string, overSocket: boolean) {
    this.#person = person;
    this.#conversationId = conversationId;
    this.#overSocket = overSocket;
  }

  async run(stopped: AbortSignal): Promise<void> {
    while (!stopped.aborted) {
      const message = await this.#person.encrypt(this.#conversationId, "still here");
      this.sent.push({ id: message.id, seq: await this.#untilAcknowledged(message) });
    }
    this.#socket?.close();
  }

  async #untilAcknowledged(message: { id: string; epoch: number; body: string }): Promise<number> {
    const giveUpAt = Date.now() + GIVE_UP_MS;
    for (;;) {
      const seq = await (this.#overSocket ? this.#bySocket(message) : this.#byRest(message));
      if (seq !== null) return seq;
      if (Date.now() > giveUpAt) throw new Error(`never acknowledged: ${message.id}`);
      await sleep(50);
    }
  }

  async #byRest(message: { id: string; epoch: number; body: string }): Promise<number | null> {
    const params = { conversationId: this.#conversationId };
    const body = { ...message, deviceId: this.#person.deviceId };
    const reply = await this.#person.call("sendMessage", { params, body }).catch(() => null);
    if (reply === null || reply.status === 503) return null;
    assert.equal(reply.status, 201, JSON.stringify(reply.body));
    return reply.body.seq;
  }

  async #bySocket(message: { id: string; epoch: number; body: string }): Promise<number | null> {
    try {
      if (this.#socket === null || this.#socket.ws.readyState !== this.#socket.ws.OPEN) {
        this.#socket = await this.#person.connect();
      }
      this.#socket.send({ t: "send", conversationId: this.#conversationId, ...message });
      const answer = await this.#socket.answer(message.id);
      if (answer.t === "ack") return answer.seq;
      assert.equal(answer.code, "unavailable");
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
    }
    return null;
  }
}

async function history(person: Person, conversationId: string): Promise<Message[]> {
  const all: Message[] = [];
  for (;;) {
    const last = all.at(-1)?.seq ?? 0;
    const page = await person.must("messages", { params: { conversationId }, query: { after: last } });
    if (page.messages.length === 0) return all;
    all.push(...page.messages);
  }
}

interface Pair {
  readonly conversationId: string;
  readonly people: readonly [Person, Person];
  readonly senders: readonly [Sender, Sender];
}

async function pair(number: number): Promise<Pair> {
  const people = [await Person.arrive(url, `a${number}`), await Person.arrive(url, `b${number}`)] as const;
  const conversationId = await people[0].converse([people[1]]);
  const senders = [
    new Sender(people[0], conversationId, true),
    new Sender(people[1], conversationId, false),
  ] as const;
  return { conversationId, people, senders };
}

/** Runs `disaster` while everybody sends, then checks every history against what was acknowledged. */
async function survive(pairs: readonly Pair[], disaster: () => Promise<void>): Promise<void> {
  const stop = new AbortController();
  const running = pairs.flatMap(({ senders }) => senders.map((sender) => sender.run(stop.signal)));
  const everybody = Promise.all(running);
  await Promise.race([disaster(), everybody]);
  stop.abort();
  await everybody;
  for (const one of pairs) await checkHistory(one);
}

/** Resolves when so many messages more of each sender are acknowledged. */
async function everybodySent(pairs: readonly Pair[], more: number): Promise<void> {
  const counts = () => pairs.flatMap(({ senders }) => senders).map(({ sent }) => sent.length);
  const before = counts();
  await until(() => counts().every((count, index) => count >= (before[index] ?? 0) + more), {
    patienceMs: GIVE_UP_MS,
  });
}

async function checkHistory({ conversationId, people, senders }: Pair): Promise<void> {
  const messages = await history(people[0], conversationId);
  assert.deepEqual(
    messages.map((message) => message.seq),
    messages.map((_, index) => index + (messages[0]?.seq ?? 1)),
    "no gap and no position twice",
  );
  const applications = messages.filter((message) => message.kind === "application");
  for (const [index, sender] of senders.entries()) {
    assert.ok(sender.sent.length > 0, "something was sent");
    const stored = applications.filter((message) => message.senderId === people[index]?.id);
    assert.deepEqual(
      stored.map(({ id, seq }) => ({ id, seq })),
      sender.sent,
      "exactly what was acknowledged, in the order of sending",
    );
  }
}

test("kill -9 of the server under load loses no acknowledged message and stores none twice", async () => {
  const pairs = await Promise.all([1, 2, 3].map(pair));
  await survive(pairs, async () => {
    for (let kill = 0; kill < KILLS; kill += 1) {
      await everybodySent(pairs, 2);
      await sleep(Math.random() * 300);
      await server.end();
      server = await startServerProcess(env);
    }
    await everybodySent(pairs, 2);
  });
});

test("kill -9 of PostgreSQL under load: the server brings it back and clients go on by themselves", async () => {
  const pairs = await Promise.all([4, 5].map(pair));
  const before = await postmasterPid();
  await survive(pairs, async () => {
    await everybodySent(pairs, 2);
    process.kill(before, "SIGKILL");
    await until(async () => (await postmasterPid().catch(() => before)) !== before, {
      patienceMs: GIVE_UP_MS,
    });
    await everybodySent(pairs, 3);
  });
});

async function postmasterPid(): Promise<number> {
  const text = await readFile(join(directory, "postgres", "data", "postmaster.pid"), "utf8");
  return Number.parseInt(text, 10);
}
