/**
 * What it costs to know who asks: tokens, sessions and keys checked for the first time and again, refreshes a second, and
 * what other requests feel while sixteen people sign in. One process; PostgreSQL on the same core where the core is counted.
 */
import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { type SignedIn, subjectOfSession } from "@rempart/identity";
import { createLocalJWKSet, jwtVerify } from "jose";
import { pin, processTree, SERVER_CORE } from "../lib/process.ts";
import { count, median, quantile, type Row, ratio, table, writeReport } from "../lib/report.ts";
import { CLIENT, makeWorld, PASSWORD, type World } from "./world.ts";

const ROUNDS = 5;
const TOKENS = 400;
const REPEATS = 50_000;
const REFRESH_MS = 4000;
const LOAD_MS = 6000;

/** Microseconds per turn of `work`. */
async function microseconds(times: number, work: (i: number) => unknown): Promise<number> {
  const start = performance.now();
  for (let i = 0; i < times; i += 1) await work(i);
  return ((performance.now() - start) * 1000) / times;
}

interface Peers {
  readonly bare: (token: string) => boolean;
  readonly jose: (token: string) => Promise<unknown>;
}

async function peersOf({ identity }: World): Promise<Peers> {
  const { keys } = await identity.tokens.jwks();
  const [jwk] = keys;
  if (jwk === undefined) throw new Error("no key is published");
  const key: KeyObject = createPublicKey({ key: { ...jwk }, format: "jwk" });
  const set = createLocalJWKSet({ keys: [...keys] });
  return {
    bare(token) {
      const dot = token.lastIndexOf(".");
      return verify(
        null,
        Buffer.from(token.slice(0, dot)),
        key,
        Buffer.from(token.slice(dot + 1), "base64url"),
      );
    },
    jose: (token) => jwtVerify(token, set, { issuer: "rempart", audience: "rempart", typ: "at+jwt" }),
  };
}

async function tokenRows(world: World, who: SignedIn): Promise<Row[]> {
  const { tokens } = world.identity;
  await tokens.issue(who);
  const peers = await peersOf(world);
  const samples = {
    bare: [] as number[],
    jose: [] as number[],
    first: [] as number[],
    again: [] as number[],
  };
  for (let round = 0; round < ROUNDS; round += 1) {
    const fresh: string[] = [];
    for (let i = 0; i < TOKENS; i += 1) fresh.push((await tokens.issue(who)).token);
    const at = (i: number) => fresh[i % TOKENS] as string;
    samples.bare.push(await microseconds(TOKENS, (i) => peers.bare(at(i))));
    samples.first.push(await microseconds(TOKENS, (i) => tokens.check(at(i))));
    samples.jose.push(await microseconds(TOKENS, (i) => peers.jose(at(i))));
    samples.again.push(await microseconds(REPEATS, (i) => tokens.check(at(i))));
  }
  const bare = median(samples.bare);
  const row = (name: string, values: readonly number[], aim: string): Row => [
    name,
    median(values).toFixed(1),
    ratio(median(values) / bare),
    aim,
  ];
  return [
    row("bare Ed25519 verification (`node:crypto`)", samples.bare, "–"),
    row("jose 6 `jwtVerify`, set of keys in memory", samples.jose, "–"),
    row("**access token, first check**", samples.first, "≤ 1.4 × bare"),
    row("**access token, checked again**", samples.again, "≤ 6 µs"),
  ];
}

async function memoryRows({ identity }: World, who: SignedIn): Promise<Row[]> {
  const session = await identity.authenticate(who.token);
  if (session === null) throw new Error("signed out");
  const { secret } = await identity.apiKeys.create(subjectOfSession(session), {
    name: "bench",
    permissions: ["profile.read"],
  });
  await identity.apiKeys.authenticate(secret);
  const rounds = { session: [] as number[], key: [] as number[] };
  for (let round = 0; round < ROUNDS; round += 1) {
    rounds.session.push(await microseconds(REPEATS, () => identity.authenticate(who.token)));
    rounds.key.push(await microseconds(REPEATS, () => identity.apiKeys.authenticate(secret)));
  }
  return [
    ["session from memory", median(rounds.session).toFixed(1), "≤ 5 µs"],
    ["API key from memory", median(rounds.key).toFixed(1), "–"],
  ];
}

/** `at` sessions refresh at once, each again as soon as it was answered. */
async function refreshesPerSecond(
  { identity }: World,
  people: readonly SignedIn[],
  at: number,
): Promise<number> {
  const end = performance.now() + REFRESH_MS;
  let done = 0;
  const start = performance.now();
  await Promise.all(
    people.slice(0, at).map(async ({ token: first }) => {
      for (let token = first; performance.now() < end; done += 1) {
        const refreshed = await identity.tokens.refresh(token, CLIENT);
        if (refreshed === null) throw new Error("a refresh was refused");
        token = refreshed.token;
      }
    }),
  );
  return done / ((performance.now() - start) / 1000);
}

/** Milliseconds from when a check of a session was due to its answer: a stall of the event loop shows. */
async function latencies({ identity }: World, token: string, during: number): Promise<number[]> {
  const samples: number[] = [];
  const start = performance.now();
  for (let due = start; due < start + during; due += 5) {
    const wait = due - performance.now();
    // A timer may fire within the millisecond before its time.
    if (wait > 0) await sleep(Math.ceil(wait));
    await identity.authenticate(token);
    samples.push(performance.now() - due);
  }
  return samples;
}

async function signInRows(world: World, who: SignedIn, people: readonly SignedIn[]): Promise<Row[]> {
  const idle = await latencies(world, who.token, LOAD_MS);
  let busy = true;
  let signedIn = 0;
  const load = people.map(async ({ account }) => {
    while (busy) {
      await world.identity.signIn({ email: account.email, password: PASSWORD }, CLIENT);
      signedIn += 1;
    }
  });
  const loaded = await latencies(world, who.token, LOAD_MS);
  busy = false;
  await Promise.all(load);
  const row = (name: string, samples: readonly number[]): Row => [
    name,
    quantile(samples, 0.5).toFixed(2),
    quantile(samples, 0.99).toFixed(2),
    ratio(quantile(samples, 0.99) / quantile(idle, 0.99)),
  ];
  return [row("idle", idle), row(`16 sign-ins at once (${count((signedIn * 1000) / LOAD_MS)}/s)`, loaded)];
}

async function main(): Promise<void> {
  await using world = await makeWorld();
  const who = await world.person("ann");
  const people: SignedIn[] = [];
  for (let i = 0; i < 16; i += 1) people.push(await world.person(`p${i}`));
  await world.settle();
  const signIns = await signInRows(world, who, people);
  const tokens = await tokenRows(world, who);
  const memory = await memoryRows(world, who);
  for (const pid of [process.pid, ...processTree(world.postgresPid)]) pin(pid, SERVER_CORE);
  await sleep(300);
  const onePerson = await refreshesPerSecond(world, people.slice(0, 1), 1);
  const sixteen = await refreshesPerSecond(world, people.slice(1).concat(who), 16);
  writeReport("identity", "Identity: the cost of knowing who asks", [
    "## Access tokens (µs per check, one at a time)\n\nRounds are interleaved; medians. The process has listened for changes longer than a token lives: before, each token's first check costs one query more.",
    table(["check", "µs", "× bare", "aim"], tokens),
    "## From memory (µs per check)",
    table(["check", "µs", "aim"], memory),
    "## Refreshes\n\nEach replaces the session token in a durable transaction and signs an access token. The process and PostgreSQL share one core. Aim: 240/s per core.",
    table(
      ["sessions at once", "refreshes/s"],
      [
        [1, count(onePerson)],
        [16, count(sixteen)],
      ],
    ),
    "## Other requests while people sign in\n\nargon2id with 19 MiB and two passes. A check of a session is due every 5 ms; milliseconds from due to answered. Aim: p99 ≤ 2 × idle.",
    table(["load", "p50 ms", "p99 ms", "× idle p99"], signIns),
  ]);
}

await main();
