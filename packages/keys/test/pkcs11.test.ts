import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { dlopen } from "node:ffi";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { inspect } from "node:util";
import { fromUtf8, systemClock, systemRandom, utf8 } from "@rempart/kernel";
import { createKeyring, localKeyFile } from "@rempart/keys";
import { Secret } from "@rempart/runtime";
import { requireService, startSoftHsm, type TestToken } from "@rempart/testing";
import { KeysError } from "../src/errors.ts";
import { loadCryptoki, structure } from "../src/providers/pkcs11/cryptoki.ts";
import { type Pkcs11Options, pkcs11Provider } from "../src/providers/pkcs11/provider.ts";
import { providerContract } from "./provider-contract.ts";

const { skip } = await requireService("softhsm2-util");
const hsm = skip === false ? await startSoftHsm() : ({} as TestToken);
after(() => hsm[Symbol.asyncDispose]?.());

const signal = new AbortController().signal;
const data = () => new Uint8Array(randomBytes(32));

function open(options: Partial<Pkcs11Options> = {}) {
  const { module, token, pin } = hsm;
  return pkcs11Provider({ module, token, pin: new Secret(pin), key: "kek-1", ...options });
}

const code = (expected: string) => (error: unknown) => {
  assert.ok(error instanceof KeysError, inspect(error));
  assert.equal(error.code, expected, inspect(error));
  return true;
};

/** What another user of the module in this process can do to our sessions. */
function meddler() {
  const { functions } = dlopen(hsm.module, {
    C_GetSlotList: { arguments: ["u8", "pointer", "pointer"], return: "u64" },
    C_CloseAllSessions: { arguments: ["u64"], return: "u64" },
    C_OpenSession: { arguments: ["u64", "u64", "pointer", "pointer", "pointer"], return: "u64" },
    C_Login: { arguments: ["u64", "u64", "pointer", "u64"], return: "u64" },
    C_SetPIN: { arguments: ["u64", "pointer", "u64", "pointer", "u64"], return: "u64" },
    C_Finalize: { arguments: ["pointer"], return: "u64" },
  });
  const slot = (): bigint => {
    const slots = new BigUint64Array(8);
    assert.equal(functions.C_GetSlotList(1, slots, new BigUint64Array([8n])), 0n);
    return slots[0] as bigint;
  };
  return {
    closeAllSessions() {
      assert.equal(functions.C_CloseAllSessions(slot()), 0n);
    },
    changePin(from: string, to: string) {
      const session = new BigUint64Array(1);
      const [old, young] = [Buffer.from(from), Buffer.from(to)];
      assert.equal(functions.C_OpenSession(slot(), 6n, null, null, session), 0n);
      const handle = session[0] as bigint;
      assert.equal(functions.C_Login(handle, 1n, old, BigInt(old.length)), 0n);
      assert.equal(functions.C_SetPIN(handle, old, BigInt(old.length), young, BigInt(young.length)), 0n);
      assert.equal(functions.C_CloseAllSessions(slot()), 0n);
    },
    finalise() {
      assert.equal(functions.C_Finalize(null), 0n);
    },
  };
}

describe("PKCS#11 keeps the contract", { skip }, () => {
  const one = open({ key: "contract" });
  const other = open({ key: "contract", token: hsm.otherToken });
  before(async () => {
    await one.generateKey("contract");
    await other.generateKey("contract");
  });
  // The login is the process's, and ends with the last session: a test below begins without one.
  after(async () => {
    await one[Symbol.asyncDispose]();
    await other[Symbol.asyncDispose]();
  });
  providerContract("PKCS#11", { open: () => one, openOther: () => other });
});

describe("PKCS#11 on SoftHSM2", { skip }, () => {
  test("a key of the token wraps, and only it unwraps", async () => {
    await using provider = open();
    await provider.generateKey("kek-1");
    const key = data();
    const wrapped = await provider.wrap(key, signal);
    assert.equal(wrapped.version, "kek-1");
    assert.deepEqual(new Uint8Array(await provider.unwrap(wrapped, signal)), key);
    await provider.generateKey("kek-2");
    await assert.rejects(provider.unwrap({ ...wrapped, version: "kek-2" }, signal), code("provider-refused"));
  });

  test("keys of before a rotation still unwrap", async () => {
    await using before = open();
    await using afterwards = open({ key: "kek-2" });
    const key = data();
    const old = await before.wrap(key, signal);
    assert.equal((await afterwards.wrap(key, signal)).version, "kek-2");
    assert.deepEqual(new Uint8Array(await afterwards.unwrap(old, signal)), key);
  });

  test("every flipped bit, and every cut, is refused, and the session lives on", async () => {
    await using provider = open();
    const key = data();
    const wrapped = await provider.wrap(key, signal);
    for (let i = 0; i < wrapped.bytes.length; i += 1) {
      const bytes = Uint8Array.from(wrapped.bytes);
      bytes[i] = (bytes[i] as number) ^ (1 << (i % 8));
      await assert.rejects(provider.unwrap({ ...wrapped, bytes }, signal), code("provider-refused"));
    }
    for (const length of [0, 12, 59, 61]) {
      const bytes = new Uint8Array(length);
      await assert.rejects(provider.unwrap({ ...wrapped, bytes }, signal), code("provider-refused"));
    }
    assert.deepEqual(new Uint8Array(await provider.unwrap(wrapped, signal)), key);
  });

  test("no such key, no such token, no such module: each told as what it is", async () => {
    await using noKey = open({ key: "none" });
    await assert.rejects(noKey.wrap(data(), signal), code("provider-refused"));
    await using noToken = open({ token: "none" });
    await assert.rejects(noToken.wrap(data(), signal), code("provider-unavailable"));
    await using noModule = open({ module: "/nonexistent/module.so" });
    await assert.rejects(noModule.wrap(data(), signal), code("provider-refused"));
  });

  test("a wrong PIN is a denial, tried once however many ask, and never shown", async () => {
    await using provider = open({ pin: new Secret("marker-4711"), sessions: 4 });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, () => provider.wrap(data(), signal)),
    );
    for (const outcome of outcomes) {
      assert.ok(outcome.status === "rejected");
      assert.ok(code("provider-denied")(outcome.reason));
      assert.ok(!inspect(outcome.reason, { depth: 9, showHidden: true }).includes("marker"));
    }
    meddler().changePin(hsm.pin, "marker-4711");
    await assert.rejects(provider.wrap(data(), signal), code("provider-denied"), "the PIN was tried again");
    meddler().changePin("marker-4711", hsm.pin);
  });

  test("a key that could be taken out of the token is not used", async () => {
    const cryptoki = loadCryptoki(hsm.module);
    cryptoki.initialise();
    const session = cryptoki.openSession(cryptoki.slots()[0] as bigint);
    cryptoki.login(session, hsm.pin);
    const label = { type: 0x3, value: new Uint8Array(Buffer.from("loose")) };
    const yes = new Uint8Array([1]);
    const flags = [0x1, 0x103, 0x104, 0x162].map((type) => ({ type, value: yes }));
    const length = { type: 0x161, value: structure(32) };
    cryptoki.generateKey(session, 0x1080, [label, length, ...flags]);
    await using provider = open({ key: "loose" });
    await assert.rejects(provider.wrap(data(), signal), code("provider-refused"));
    cryptoki.closeSession(session);
  });

  test("two hundred at once share the sessions", async () => {
    await using provider = open({ sessions: 3 });
    const keys = Array.from({ length: 200 }, data);
    const wrapped = await Promise.all(keys.map((key) => provider.wrap(key, signal)));
    const unwrapped = await Promise.all(wrapped.map((each) => provider.unwrap(each, signal)));
    assert.deepEqual(
      unwrapped.map((key) => new Uint8Array(key)),
      keys,
    );
    assert.equal(new Set(wrapped.map(({ bytes }) => Buffer.from(bytes).toString("hex"))).size, 200);
  });

  test("sessions closed or a module finalised under it: it logs in again without the caller noticing", async () => {
    await using provider = open();
    const key = data();
    const wrapped = await provider.wrap(key, signal);
    meddler().closeAllSessions();
    assert.deepEqual(new Uint8Array(await provider.unwrap(wrapped, signal)), key);
    meddler().finalise();
    assert.deepEqual(new Uint8Array(await provider.unwrap(wrapped, signal)), key);
  });

  test("a token that is pulled out is an outage, and back in, it serves again", async () => {
    await using provider = open({ sessions: 1 });
    const key = data();
    const wrapped = await provider.wrap(key, signal);
    meddler().finalise();
    await hsm.remove();
    await assert.rejects(provider.unwrap(wrapped, signal), code("provider-unavailable"));
    meddler().finalise();
    await hsm.insert();
    assert.deepEqual(new Uint8Array(await provider.unwrap(wrapped, signal)), key);
  });

  test("a keyring goes on while the token is out, loses nothing, and comes back to it", async () => {
    const scratch = await mkdtemp(join(tmpdir(), "rempart-pkcs11-"));
    const where = { table: "notes", column: "text", row: "1" };
    await using primary = open();
    const local = localKeyFile(join(scratch, "local"));
    using keyring = createKeyring({
      primary,
      local,
      clock: systemClock,
      random: systemRandom,
      keyLimits: { records: 1 },
      openedKeys: { keys: 1 },
      returnAfterMs: 0,
      calls: { breaker: { failures: 3, halfOpenAfterMs: 1 } },
    });
    const before = await keyring.seal(utf8("before"), where);
    assert.match(before, /^kms:/);
    meddler().finalise();
    await hsm.remove();
    const during = [await keyring.seal(utf8("one"), where), await keyring.seal(utf8("two"), where)];
    for (const text of during) assert.match(text, /^local:/);
    assert.equal(fromUtf8(await keyring.open(before, where)), "before");
    meddler().finalise();
    await hsm.insert();
    let later = await keyring.seal(utf8("after"), where);
    while (!later.startsWith("kms:")) {
      await sleep(5);
      later = await keyring.seal(utf8("after"), where);
    }
    const opened = await Promise.all([before, ...during, later].map((text) => keyring.open(text, where)));
    assert.deepEqual(opened.map(fromUtf8), ["before", "one", "two", "after"]);
    await rm(scratch, { recursive: true });
  });

  test("an abort rejects at once, also for those who wait in line", async () => {
    await using provider = open({ sessions: 1 });
    const controller = new AbortController();
    const all = Array.from({ length: 5 }, () => provider.wrap(data(), controller.signal));
    controller.abort(new Error("enough"));
    for (const outcome of await Promise.allSettled(all)) {
      assert.ok(outcome.status === "rejected" && outcome.reason.message === "enough");
    }
    await provider.wrap(data(), signal);
  });

  test("closed, it refuses", async () => {
    const provider = open();
    await provider.wrap(data(), signal);
    await provider[Symbol.asyncDispose]();
    await assert.rejects(provider.wrap(data(), signal), code("provider-refused"));
  });
});
