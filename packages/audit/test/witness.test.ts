import assert from "node:assert/strict";
import { generateKeyPairSync, sign } from "node:crypto";
import { once } from "node:events";
import { readdir, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { concat, systemClock, utf8 } from "@rempart/kernel";
import { type Logger, silentLogger } from "@rempart/runtime";
import { until } from "@rempart/testing";
import fc from "fast-check";
import { LogReader } from "../src/log/reader.ts";
import { type Sequencer, startSequencer } from "../src/log/sequencer.ts";
import { nodePrimitives } from "../src/node-primitives.ts";
import { formatCheckpoint } from "../src/note/checkpoint.ts";
import { signNote, type VerifierKey, verifierKey } from "../src/note/keys.ts";
import { formatNote } from "../src/note/note.ts";
import { directoryStore } from "../src/objects/directory.ts";
import { judgeCheckpoint } from "../src/proof/verify.ts";
import { formatAddCheckpoint, parseAddCheckpoint } from "../src/witness/request.ts";
import { witnessStore } from "../src/witness/store.ts";
import { type Fork, Witness } from "../src/witness/witness.ts";
import { insertEntry, newSigner, type TestLog, testLog, treeHashing } from "./log.ts";

const SPKI_PREFIX_BYTES = 12;

interface TestWitness extends AsyncDisposable {
  readonly key: VerifierKey;
  readonly witness: Witness;
  readonly forks: Fork[];
  readonly url: string;
  /** How each request is answered from now on. */
  behave(how: "honest" | "hangs" | "lies"): void;
}

async function startWitness(log: TestLog): Promise<TestWitness> {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const raw = publicKey.export({ format: "der", type: "spki" }).subarray(SPKI_PREFIX_BYTES);
  const key = verifierKey(nodePrimitives.sha256, {
    name: "witness.example/w1",
    kind: "witness",
    publicKey: raw,
  });
  const forks: Fork[] = [];
  const witness = new Witness({
    key,
    sign: (message) => sign(null, message, privateKey),
    logs: [{ origin: log.signer.origin, keys: [log.signer.key] }],
    store: witnessStore(directoryStore(join(log.directory, "witness")), nodePrimitives.sha256),
    primitives: nodePrimitives,
    clock: systemClock,
    onFork: (fork) => forks.push(fork),
  });
  let behaviour = "honest";
  const server = createServer(async (request, response) => {
    const body = concat(...(await request.toArray()));
    if (behaviour === "hangs") return;
    const answer = await witness.addCheckpoint(body);
    const lied = answer.body.replace(/[A-Za-z0-9+/]{8}(=*)\n$/, "AAAAAAAA$1\n");
    response.writeHead(answer.status, { "content-type": answer.contentType });
    response.end(behaviour === "lies" ? lied : answer.body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    key,
    witness,
    forks,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    behave(how) {
      behaviour = how;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

interface Watched {
  readonly log?: Logger;
  readonly onFork?: (name: string) => void;
  readonly witnessBudgetMs?: number;
}

function witnessed(log: TestLog, { url, key }: TestWitness, watched: Watched = {}): Sequencer {
  return startSequencer({
    ...log,
    witnessBudgetMs: 10_000,
    hash: treeHashing,
    clock: systemClock,
    log: silentLogger,
    everyMs: 3_600_000,
    witnesses: [{ url, key }],
    ...watched,
  });
}

async function judgedHead(log: TestLog, witness: TestWitness, quorum: number) {
  const bytes = (await log.objects.get("checkpoint")) as Uint8Array;
  const policy = { origin: log.signer.origin, logKeys: [log.signer.key], witnessKeys: [witness.key], quorum };
  return judgeCheckpoint(nodePrimitives, bytes, policy);
}

/** Round after round: on a busy machine an honest witness is late, too. */
function untilCosigned(log: TestLog, witness: TestWitness, sequencer: Sequencer): Promise<void> {
  return until(async () => {
    await sequencer.round();
    return (await judgedHead(log, witness, 1)).ok;
  });
}

/** A sequencer placed an entry and ended, and nobody cosigned the head. */
async function endsWithoutCosignature(log: TestLog, witness: TestWitness): Promise<void> {
  witness.behave("hangs");
  await insertEntry(log.database);
  await using killed = witnessed(log, witness, { witnessBudgetMs: 50 });
  await killed.round();
  assert.ok(!(await judgedHead(log, witness, 1)).ok);
  witness.behave("honest");
}

test("a head that only grew is cosigned, round after round", async () => {
  await using log = await testLog();
  await using witness = await startWitness(log);
  await using sequencer = witnessed(log, witness);
  for (let size = 1; size <= 5; size += 1) {
    await insertEntry(log.database);
    await sequencer.round();
    const judged = await judgedHead(log, witness, 1);
    assert.ok(judged.ok);
    assert.equal(judged.value.size, size);
  }
  assert.deepEqual(witness.forks, []);
});

test("a sequencer that has forgotten what the witness saw asks, and goes on", async () => {
  await using log = await testLog();
  await using witness = await startWitness(log);
  for (let size = 1; size <= 3; size += 1) {
    await insertEntry(log.database);
    await using sequencer = witnessed(log, witness);
    await sequencer.round();
    await sequencer.stop();
    assert.ok((await judgedHead(log, witness, 1)).ok);
  }
});

test("a witness that hangs or lies costs its cosignature and nothing else", async () => {
  await using log = await testLog();
  await using witness = await startWitness(log);
  await using sequencer = witnessed(log, witness, { witnessBudgetMs: 500 });
  await sequencer.round();
  for (const how of ["hangs", "lies"] as const) {
    witness.behave(how);
    await insertEntry(log.database);
    await sequencer.round();
    assert.deepEqual(await judgedHead(log, witness, 1), { ok: false, reason: "too-few-witnesses" });
    assert.ok((await judgedHead(log, witness, 0)).ok);
  }
  witness.behave("honest");
  await insertEntry(log.database);
  await untilCosigned(log, witness, sequencer);
});

test("a witness that was late cosigns the head that stands, without a new one", async () => {
  await using log = await testLog();
  await using witness = await startWitness(log);
  witness.behave("hangs");
  await insertEntry(log.database);
  await using sequencer = witnessed(log, witness, { witnessBudgetMs: 200 });
  await sequencer.round();
  assert.ok(!(await judgedHead(log, witness, 1)).ok);
  witness.behave("honest");
  await untilCosigned(log, witness, sequencer);
  const judged = await judgedHead(log, witness, 1);
  assert.ok(judged.ok);
  assert.equal(judged.value.size, 1);
});

test("a sequencer that takes over has the head that stands cosigned, when who made it ended before", async () => {
  await using log = await testLog();
  await using witness = await startWitness(log);
  await endsWithoutCosignature(log, witness);
  await using next = witnessed(log, witness);
  await next.round();
  assert.ok((await judgedHead(log, witness, 1)).ok);
});

test("a sequencer that takes over and has entries to add asks for its own head, and never for the one before", async () => {
  await using log = await testLog();
  await using witness = await startWitness(log);
  await endsWithoutCosignature(log, witness);
  await insertEntry(log.database);
  const warnings: object[] = [];
  const warned = { ...silentLogger, warn: (fields: object) => void warnings.push(fields) };
  await using next = witnessed(log, witness, { log: warned });
  for (let i = 0; i < 3; i += 1) await next.round();
  assert.deepEqual(warnings, []);
  const judged = await judgedHead(log, witness, 1);
  assert.ok(judged.ok);
  assert.equal(judged.value.size, 2);
});

test("a log restored from an older copy, or rewritten, is a fork to the witness, with the evidence kept", async () => {
  await using log = await testLog();
  await using witness = await startWitness(log);
  await using sequencer = witnessed(log, witness);
  for (let i = 0; i < 4; i += 1) await insertEntry(log.database);
  await sequencer.round();
  for (const count of [2, 4, 6]) {
    await using other = await testLog();
    for (let i = 0; i < count; i += 1) await insertEntry(other.database);
    const told: string[] = [];
    await using rewritten = witnessed({ ...other, signer: log.signer }, witness, {
      onFork: (name) => told.push(name),
    });
    await rewritten.round();
    const before = witness.forks.length;
    assert.ok(before > 0, `${count} entries`);
    assert.equal(witness.forks.at(-1)?.claimed.size, count);
    if (count <= 4) assert.deepEqual(told, ["witness.example/w1"]);
    assert.deepEqual(await judgedHead({ ...other, signer: log.signer }, witness, 1), {
      ok: false,
      reason: "too-few-witnesses",
    });
  }
});

test("what is not a request of a known log is refused with the protocol's codes", async () => {
  await using log = await testLog();
  await using witness = await startWitness(log);
  const root = treeHashing.leaf(utf8("x"));
  const noteOf = async (origin: string, signer = log.signer, size = 1): Promise<Uint8Array> => {
    const text = formatCheckpoint({ origin, size, root, extensions: [] });
    return utf8(formatNote({ text, signatures: [await signNote(text, signer.key, signer.sign)] }));
  };
  const good = await noteOf(log.signer.origin);
  const ask = async (oldSize: number, note: Uint8Array, proof: Uint8Array[] = []) =>
    (await witness.witness.addCheckpoint(formatAddCheckpoint({ oldSize, proof, note }))).status;
  assert.equal((await witness.witness.addCheckpoint(utf8("nonsense"))).status, 400);
  assert.equal(await ask(2, good), 400);
  assert.equal(await ask(0, await noteOf("other.example")), 404);
  assert.equal(await ask(0, await noteOf(log.signer.origin, newSigner(log.signer.origin))), 403);
  assert.equal(await ask(1, good), 409);
  assert.equal(await ask(0, good, [root]), 422);
  assert.equal(await ask(0, good), 200);
  assert.equal(await ask(1, good), 200, "the same head again is harmless");
  assert.equal(await ask(1, await noteOf(log.signer.origin, log.signer, 2), [root]), 422);
});

test("two heads at once are judged one after the other", async () => {
  await using log = await testLog();
  await using witness = await startWitness(log);
  const bodies = await Promise.all(
    ["a", "b", "c"].map(async (name) => {
      const text = formatCheckpoint({
        origin: log.signer.origin,
        size: 1,
        root: treeHashing.leaf(utf8(name)),
        extensions: [],
      });
      const note = utf8(
        formatNote({ text, signatures: [await signNote(text, log.signer.key, log.signer.sign)] }),
      );
      return formatAddCheckpoint({ oldSize: 0, proof: [], note });
    }),
  );
  const answers = await Promise.all(bodies.map((body) => witness.witness.addCheckpoint(body)));
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 409, 409],
  );
  assert.equal(witness.forks.length, 2);
});

test("a witness whose memory is damaged cosigns nothing: starting over would cosign whatever comes", async () => {
  await using log = await testLog();
  await using witness = await startWitness(log);
  const sequencer = witnessed(log, witness);
  await insertEntry(log.database);
  await sequencer.round();
  const [seen] = await readdir(join(log.directory, "witness/seen"));
  await writeFile(join(log.directory, "witness/seen", seen as string), "5\nnot a root\n");
  const note = (await log.objects.get("checkpoint")) as Uint8Array;
  await assert.rejects(
    witness.witness.addCheckpoint(formatAddCheckpoint({ oldSize: 0, proof: [], note })),
    /cannot be read/,
  );
  await sequencer.stop();
});

test("a request is read back as it was written, and noise is refused without an exception", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      parseAddCheckpoint(bytes);
    }),
  );
  const proof = [treeHashing.empty];
  const request = { oldSize: 3, proof, note: utf8("o\n") };
  assert.deepEqual(parseAddCheckpoint(formatAddCheckpoint(request))?.oldSize, 3);
});

test("a reader proves what is published", async () => {
  await using log = await testLog();
  for (let i = 0; i < 5; i += 1) await insertEntry(log.database);
  await log.sequencer().round();
  const reader = new LogReader(log.objects, treeHashing);
  const head = await reader.head();
  assert.equal(head?.size, 5);
  await assert.rejects(reader.entry(5, 5), { code: "missing-tile" });
  assert.throws(() => reader.inclusion(5, 5), TypeError);
});
