import assert from "node:assert/strict";
import { createHmac, randomBytes } from "node:crypto";
import { test } from "node:test";
import { manualClock, utf8 } from "@rempart/kernel";
import fc from "fast-check";
import { createMemoryReplayStore } from "./replay-store.ts";
import { hmacScheme, stripeScheme } from "./scheme.ts";
import { createWebhookVerifier, type WebhookOptions } from "./verifier.ts";

const NOW = 1_700_000_000;
const OLD = "whsec_old_secret_0123456789";
const NEW = "whsec_new_secret_0123456789";
const BODY = utf8('{"id":"evt_1","type":"charge.succeeded","amount":1.0}');

function stripe(more: Partial<WebhookOptions> = {}) {
  const clock = manualClock(NOW * 1000);
  const replays = createMemoryReplayStore({ clock });
  return {
    clock,
    verifier: createWebhookVerifier({ scheme: stripeScheme, secrets: [NEW, OLD], clock, replays, ...more }),
  };
}

const mac = (secret: string | Buffer, text: string, encoding: "hex" | "base64" = "hex") =>
  createHmac("sha256", secret).update(text).digest(encoding);
const sign = (secret = NEW, timestamp: string | number = NOW, body: Uint8Array = BODY) =>
  mac(secret, `${timestamp}.${new TextDecoder().decode(body)}`);
const signature = (text: string | undefined) => (name: string) =>
  name === "stripe-signature" ? text : undefined;

async function outcome(
  header: string | undefined,
  body: Uint8Array = BODY,
  more: Partial<WebhookOptions> = {},
): Promise<string> {
  const verdict = await stripe(more).verifier.verify(signature(header), body);
  return verdict.kind === "refused" ? verdict.reason : verdict.id;
}

test("Stripe's scheme, with either secret while they change", async () => {
  assert.equal(await outcome(`t=${NOW},v1=${sign()}`), "evt_1");
  assert.equal(await outcome(`t=${NOW},v1=${sign(OLD)}`), "evt_1");
  assert.equal(await outcome(`t=${NOW},v1=${"0".repeat(64)},v1=${sign()},v0=00`), "evt_1");
  assert.equal(await outcome(`t=${NOW},v1=${sign("whsec_somebody_else_012")}`), "signature");
});

test("the tolerance is 300 seconds, both ways, and the timestamp is signed", async () => {
  for (const [offset, expected] of [
    [-300, "evt_1"],
    [300, "evt_1"],
    [-301, "stale"],
    [301, "stale"],
  ] as const) {
    assert.equal(await outcome(`t=${NOW + offset},v1=${sign(NEW, NOW + offset)}`), expected, String(offset));
  }
  assert.equal(await outcome(`t=${NOW - 1},v1=${sign()}`), "signature");
});

test("an event is taken once, unless its handling failed; also when it comes twice at once", async () => {
  const { verifier, clock } = stripe();
  const header = signature(`t=${NOW},v1=${sign()}`);
  const both = await Promise.all([verifier.verify(header, BODY), verifier.verify(header, BODY)]);
  assert.deepEqual(both.map(({ kind }) => kind).sort(), ["accepted", "refused"]);
  const [taken] = both.filter((verdict) => verdict.kind === "accepted");
  await taken?.release();
  assert.equal((await verifier.verify(header, BODY)).kind, "accepted");
  clock.advance(3600_000);
  const later = signature(`t=${NOW + 3600},v1=${sign(NEW, NOW + 3600)}`);
  assert.deepEqual(await verifier.verify(later, BODY), { kind: "refused", reason: "replayed" });
});

test("a forged event does not use up the id of the true one", async () => {
  const { verifier } = stripe();
  await verifier.verify(signature(`t=${NOW},v1=${"0".repeat(64)}`), BODY);
  assert.equal((await verifier.verify(signature(`t=${NOW},v1=${sign()}`), BODY)).kind, "accepted");
});

test("malformed headers and bodies are refused", async () => {
  const good = sign();
  const headers = [
    undefined,
    "",
    "t=,v1=",
    `v1=${good}`,
    `t=${NOW}`,
    `t=${NOW},t=${NOW},v1=${good}`,
    `t=${NOW}.0,v1=${good}`,
    `t=0x10,v1=${good}`,
    `t=NaN,v1=${good}`,
    `t=Infinity,v1=${good}`,
    `t=${NOW},v1=${good.slice(1)}`,
    `t=${NOW},v1=${good}00`,
    `t=${NOW},v0=${good}`,
    `t=${NOW}${`,v1=${good}`.repeat(9)}`,
    `t=${NOW},v1=${good},${"x".repeat(2000)}`,
  ];
  for (const header of headers) assert.equal(await outcome(header), "malformed", String(header));
  for (const text of ["{}", '{"id":1}', '{"id":"a b"}', "[]", "null", "not json", '{"id":""}']) {
    assert.equal(await outcome(`t=${NOW},v1=${sign(NEW, NOW, utf8(text))}`, utf8(text)), "no-id", text);
  }
  assert.equal(await outcome(`t=${NOW},v1=${good}`, BODY, { maxBodyBytes: 10 }), "too-large");
});

test("any change of one byte, in the body or the signature, is refused", async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(BODY.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
      const changed = BODY.slice();
      changed[at] = (changed[at] as number) ^ flip;
      assert.equal(await outcome(`t=${NOW},v1=${sign()}`, changed), "signature");
    }),
    { numRuns: 50 },
  );
});

test("nothing that arrives makes it throw or accept", async () => {
  const part = fc.constantFrom(
    "t=",
    "v1=",
    ",",
    "=",
    String(NOW),
    "00".repeat(32),
    " ",
    "v0=",
    "\u0000",
    "é",
  );
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.string(),
        fc.array(part).map((parts) => parts.join("")),
      ),
      fc.uint8Array(),
      async (text, body) => {
        assert.ok(["malformed", "stale", "signature"].includes(await outcome(text, body)));
      },
    ),
    { numRuns: 300 },
  );
});

test("the generic scheme signs id, time and raw body", async () => {
  const secret = randomBytes(24);
  const raw = new Uint8Array([0xff, 0xfe, 0, 10]);
  const base = Buffer.concat([Buffer.from(`msg_1.${NOW}.`), raw]);
  const headers: Record<string, string> = {
    "webhook-id": "msg_1",
    "webhook-timestamp": String(NOW),
    "webhook-signature": `v2,x v1,${"A".repeat(43)}= v1,${createHmac("sha256", secret).update(base).digest("base64")}`,
  };
  const verify = (changes: Record<string, string> = {}, body = raw) =>
    stripe({ scheme: hmacScheme(), secrets: [secret] }).verifier.verify(
      (name) => ({ ...headers, ...changes })[name],
      body,
    );
  assert.equal((await verify()).kind, "accepted");
  const forged: Record<string, string>[] = [
    { "webhook-id": "msg_2" },
    { "webhook-timestamp": String(NOW + 1) },
    { "webhook-signature": `v1,${"A".repeat(43)}=` },
  ];
  for (const changes of forged) {
    assert.deepEqual(await verify(changes), { kind: "refused", reason: "signature" });
  }
  assert.deepEqual(await verify({ "webhook-id": "" }), { kind: "refused", reason: "malformed" });
  assert.deepEqual(await verify({}, raw.slice(1)), { kind: "refused", reason: "signature" });
});

test("options that would accept too much are refused", () => {
  for (const more of [
    { secrets: [] },
    { secrets: ["short"] },
    { secrets: new Array<string>(6).fill(NEW) },
    { toleranceSeconds: 0 },
    { toleranceSeconds: Number.NaN },
    { rememberSeconds: 100 },
  ]) {
    assert.throws(() => stripe(more), TypeError);
  }
});

test("the memory store stays within its bound and forgets the oldest first", () => {
  const clock = manualClock();
  const store = createMemoryReplayStore({ clock, maxIds: 2 });
  assert.deepEqual(
    ["a", "b", "b", "c", "a", "c"].map((id) => store.claim(id, 10)),
    [true, true, false, true, true, false],
  );
  clock.advance(10_000);
  assert.equal(store.claim("c", 10), true);
});
