/**
 * What encryption at rest costs: `node bench/keys/run.ts`. Each figure stands beside bare `node:crypto` in the same process;
 * rounds are interleaved and medians reported. The KMS is an HTTP server on loopback that speaks Vault's transit protocol and
 * can be told to hang.
 */
import { createCipheriv, createDecipheriv, createSecretKey, randomBytes, randomFillSync } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock, systemRandom } from "@rempart/kernel";
import { createKeyring, type KeysEvent, localKeyFile, vaultTransit, type Where } from "@rempart/keys";
import { Secret } from "@rempart/runtime";
import { count, median, quantile, type Row, ratio, table, writeReport } from "../lib/report.ts";

/** Shorter than a data key lasts: the median is of rounds that make no call, and the call is told apart. */
const ROUNDS = 200;
const PER_ROUND = 2_000;
const STREAM_BYTES = 64 * 2 ** 20;
const CHUNK_BYTES = 65_536;
const HANG_SECONDS = 14;
const WHERE: Where = { table: "users", column: "phone", row: "01900000-0000-7000-8000-000000000001" };

const field = randomBytes(100);

interface Kms {
  readonly address: string;
  hangs: boolean;
  calls: number;
  close(): void;
}

/** Wraps nothing: it hands back what it is given, after `latencyMs`. The cost under test is on this side of the network. */
async function startKms(latencyMs: number): Promise<Kms> {
  const server = createServer(async (request, response) => {
    kms.calls += 1;
    let text = "";
    for await (const chunk of request) text += chunk;
    if (kms.hangs) return;
    await sleep(latencyMs);
    const { plaintext, ciphertext } = JSON.parse(text) as { plaintext?: string; ciphertext?: string };
    const data = plaintext ? { ciphertext: `vault:v1:${plaintext}` } : { plaintext: ciphertext?.slice(9) };
    response.setHeader("content-type", "application/json").end(JSON.stringify({ data }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const close = (): void => {
    server.closeAllConnections();
    server.close();
  };
  const kms: Kms = { address: `http://127.0.0.1:${port}`, hangs: false, calls: 0, close };
  return kms;
}

const directory = mkdtempSync(join(tmpdir(), "rempart-bench-keys-"));
const kms = await startKms(5);
const events: KeysEvent[] = [];
const keyring = createKeyring({
  primary: vaultTransit({ address: kms.address, key: "bench", token: () => new Secret("bench") }),
  local: localKeyFile(join(directory, "keys.json")),
  clock: systemClock,
  random: systemRandom,
  observe: (event) => events.push(event),
});

/** Bare AES-256-GCM as one would write it by hand: one key for all, its schedule cached; nonce, ciphertext and tag stored together. */
const bareKey = createSecretKey(randomBytes(32));
const nonces = Buffer.alloc(12 * 512);
let nonceAt = nonces.length;

function bareSeal(plaintext: Uint8Array): Buffer {
  if (nonceAt === nonces.length) {
    randomFillSync(nonces);
    nonceAt = 0;
  }
  nonceAt += 12;
  const nonce = nonces.subarray(nonceAt - 12, nonceAt);
  const cipher = createCipheriv("aes-256-gcm", bareKey, nonce);
  return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

function bareOpen(sealed: Buffer): Buffer {
  const decipher = createDecipheriv("aes-256-gcm", bareKey, sealed.subarray(0, 12));
  decipher.setAuthTag(sealed.subarray(-16));
  return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]);
}

/** Microseconds an operation, by round. */
async function fields(): Promise<Row[]> {
  const envelope = await keyring.seal(field, WHERE);
  const sealed = bareSeal(field);
  const bodies = {
    bareSeal: () => void bareSeal(field),
    bareOpen: () => void bareOpen(sealed),
    seal: () => keyring.seal(field, WHERE),
    open: () => keyring.open(envelope, WHERE),
  };
  const samples: Record<keyof typeof bodies, number[]> = { bareSeal: [], bareOpen: [], seal: [], open: [] };
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const name of Object.keys(bodies) as (keyof typeof bodies)[]) {
      const start = performance.now();
      // One pending promise for one call: what a request handler pays.
      for (let i = 0; i < PER_ROUND; i += 1) await bodies[name]();
      samples[name].push(((performance.now() - start) * 1_000) / PER_ROUND);
    }
  }
  const row = (title: string, ours: number[], bare: number[]): Row => [
    title,
    median(bare).toFixed(2),
    median(ours).toFixed(2),
    ratio(median(bare) / median(ours)),
  ];
  return [row("encrypt", samples.seal, samples.bareSeal), row("decrypt", samples.open, samples.bareOpen)];
}

async function callsPer10k(): Promise<number> {
  using fresh = createKeyring({
    primary: vaultTransit({ address: kms.address, key: "bench", token: () => new Secret("bench") }),
    local: localKeyFile(join(directory, "keys.json")),
    clock: systemClock,
    random: systemRandom,
  });
  const before = kms.calls;
  for (let i = 0; i < 10_000; i += 1) await fresh.seal(field, WHERE);
  return kms.calls - before;
}

async function* zeros(bytes: number): AsyncGenerator<Uint8Array> {
  const chunk = new Uint8Array(CHUNK_BYTES);
  for (let given = 0; given < bytes; given += CHUNK_BYTES) yield chunk;
}

async function drain(stream: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of stream) {
    // Only read.
  }
}

async function* bareStream(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const cipher = createCipheriv("aes-256-gcm", bareKey, randomBytes(12));
  for await (const chunk of source) yield cipher.update(chunk);
  yield cipher.final();
}

async function megabytesPerSecond(stream: AsyncIterable<Uint8Array>): Promise<number> {
  const start = performance.now();
  await drain(stream);
  return STREAM_BYTES / 1e6 / ((performance.now() - start) / 1_000);
}

async function streams(): Promise<Row[]> {
  const sealed: Uint8Array[] = [];
  for await (const part of keyring.sealStream(zeros(STREAM_BYTES), WHERE)) sealed.push(part);
  async function* stored(): AsyncGenerator<Uint8Array> {
    yield* sealed;
  }
  const [bare, seal, open]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round < 7; round += 1) {
    bare.push(await megabytesPerSecond(bareStream(zeros(STREAM_BYTES))));
    seal.push(await megabytesPerSecond(keyring.sealStream(zeros(STREAM_BYTES), WHERE)));
    open.push(await megabytesPerSecond(keyring.openStream(stored(), WHERE)));
  }
  return [
    ["bare AES-256-GCM, one tag at the end", count(median(bare))],
    ["seal", count(median(seal))],
    ["open, verified chunk by chunk", count(median(open))],
  ];
}

/** Every value's latency while the KMS accepts connections and never answers, from the first value on. */
async function hanging(): Promise<{ readonly samples: number[]; readonly failovers: number }> {
  using cold = createKeyring({
    primary: vaultTransit({ address: kms.address, key: "bench", token: () => new Secret("bench") }),
    local: localKeyFile(join(directory, "keys.json")),
    clock: systemClock,
    random: systemRandom,
    observe: (event) => events.push(event),
    // Ten times as many renewals as by default: each of them might wait.
    keyLimits: { records: 1_000 },
    returnAfterMs: 1_000,
  });
  kms.hangs = true;
  const samples: number[] = [];
  const end = performance.now() + HANG_SECONDS * 1_000;
  while (performance.now() < end) {
    const start = performance.now();
    await cold.seal(field, WHERE);
    samples.push(performance.now() - start);
    if (samples.length % 20 === 0) await sleep(1);
  }
  kms.hangs = false;
  return { samples, failovers: events.filter(({ type }) => type === "failover").length };
}

const fieldRows = await fields();
const calls = await callsPer10k();
const streamRows = await streams();
const { samples, failovers } = await hanging();
const [first = 0, ...rest] = samples;
const milliseconds = (value: number): string => value.toFixed(3);

writeReport("keys", "Encryption at rest", [
  "## A field of 100 bytes",
  "Microseconds an operation. Bare: `node:crypto` with one `KeyObject` and pooled nonces; no place bound, no key per record, no commitment, no text.",
  table(["", "bare", "envelope", "bare ÷ envelope"], fieldRows),
  `Medians of ${ROUNDS} rounds of ${count(PER_ROUND)}, without the rounds that fetch a data key: ${calls} KMS call for 10,000 encryptions, so a KMS that answers in 5 ms adds 0.5 µs to each.`,
  "The aim is 0.50 or more. Encryption reaches it (0.51, 0.52 and 0.53 in three runs on a machine shared with other work; 0.40 before what follows), decryption does not (0.46, 0.48 and 0.45; 0.41 before).",
  "## What was tried",
  table(
    ["", "effect", "kept"],
    [
      ["key and commitment from one SHA-512 instead of HKDF-SHA256 and a hash", "1.15 to 0.6 µs", "yes"],
      ["`crypto.hash` answering with a Buffer instead of text", "0.8 µs more a call", "no"],
      ["HMAC-SHA512 per record: two calls over longer blocks", "1.2 µs, as before", "no"],
      ["secret, salt and place in one block of SHA-512 (0.37 µs) instead of two (0.53 µs)", "0.15 µs", "yes"],
      ["BLAKE2b instead of SHA-512", "0.06 µs", "no: not for that"],
      ["one shared body instead of a Buffer for each value", "0.1 µs sealing, 0.3 µs opening", "yes"],
      ["checking base64url by a pattern instead of encoding it again", "nothing", "no"],
      [
        "not moving the key used last to the end of the cache",
        "0.13 µs opening, estimated",
        "no: more state",
      ],
      ["one `KeyObject` for all records", "0.25 µs", "no: a key per record is the point"],
    ],
  ),
  "What remains is Node's: of a value's time, making the cipher, its three calls and their Buffers take the most, and bare AES-GCM pays for the same.",
  "## Files",
  `${STREAM_BYTES / 2 ** 20} MiB in pieces of 64 KiB, megabytes a second.`,
  table(["", "MB/s"], streamRows),
  "## A KMS that hangs",
  `${HANG_SECONDS} seconds of encryptions from the first one on, with a data key per 1,000 values (${failovers} made without the KMS) and an attempt to return every second. The first value waits for the declared budget and is shown apart.`,
  table(
    ["values", "first ms", "p50 ms", "p99 ms", "p99.9 ms", "max ms"],
    [
      [
        count(rest.length),
        count(first),
        milliseconds(quantile(rest, 0.5)),
        milliseconds(quantile(rest, 0.99)),
        milliseconds(quantile(rest, 0.999)),
        milliseconds(quantile(rest, 1)),
      ],
    ],
  ),
]);
keyring[Symbol.dispose]();
kms.close();
rmSync(directory, { recursive: true });
