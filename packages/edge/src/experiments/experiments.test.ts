import assert from "node:assert/strict";
import { test } from "node:test";
import { unsafeSeededRandom } from "@rempart/kernel";
import { codePoint } from "@rempart/testing/code-point";
import fc from "fast-check";
import { createExperiments, type ExperimentsOptions } from "./experiments.ts";

const EXPERIMENTS = [
  { name: "checkout", variants: { old: 3, new: 1 } },
  { name: "button", variants: { red: 1, blue: 1 } },
];
const assign = (more: Partial<ExperimentsOptions> = {}) =>
  createExperiments({ experiments: EXPERIMENTS, random: unsafeSeededRandom(1), ...more });

test("a browser is given a bucket once, and keeps its variants", () => {
  const first = assign()(undefined);
  assert.match(first.bucket, /^[0-9a-f]{32}$/);
  const cookie = first.headers[first.headers.indexOf("Set-Cookie") + 1] as string;
  assert.match(
    cookie,
    /^__Host-bucket=[0-9a-f]{32}; Path=\/; Max-Age=7776000; Secure; HttpOnly; SameSite=Lax$/,
  );
  const again = assign({ random: unsafeSeededRandom(2) })(`a=b; __Host-bucket=${first.bucket}`);
  assert.deepEqual(again.variants, first.variants);
  assert.deepEqual(again.headers, ["Vary", "Cookie"]);
});

test("variants come in their proportions, and one experiment says nothing of another", () => {
  const choose = assign();
  const seen: Record<string, number> = {};
  for (let i = 0; i < 2000; i += 1) {
    const { checkout, button } = choose(undefined).variants;
    seen[`${checkout} ${button}`] = (seen[`${checkout} ${button}`] ?? 0) + 1;
  }
  const near = (kind: string, expected: number) =>
    assert.ok(Math.abs((seen[kind] ?? 0) - expected) < 100, `${kind} ${seen[kind]}`);
  near("old red", 750);
  near("old blue", 750);
  near("new red", 250);
  near("new blue", 250);
});

test("flags decide where they know, and harm nothing where they fail or invent", () => {
  const cookie = `__Host-bucket=${"0".repeat(32)}`;
  const usual = assign()(cookie).variants;
  const decided = assign({ flags: { variant: (name) => (name === "checkout" ? "new" : null) } })(cookie);
  assert.deepEqual(decided.variants, { ...usual, checkout: "new" });
  for (const variant of ["unheard-of", "constructor", "__proto__"]) {
    assert.deepEqual(assign({ flags: { variant: () => variant } })(cookie).variants, usual);
  }
  const broken = { variant: () => assert.fail("down") };
  assert.deepEqual(assign({ flags: broken })(cookie).variants, usual);
});

test("whatever a cookie says, the bucket is well formed and the variants are ours", () => {
  const choose = assign();
  fc.assert(
    fc.property(fc.string({ unit: codePoint }), (value) => {
      const { bucket, variants } = choose(`__Host-bucket=${value}`);
      assert.match(bucket, /^[0-9a-f]{32}$/);
      assert.ok(["old", "new"].includes(variants.checkout ?? ""));
    }),
  );
});

test("experiments that cannot be told apart do not start", () => {
  const bad: Partial<ExperimentsOptions>[] = [
    { cookie: "bucket" },
    { cookie: "__Host-a;b" },
    { experiments: [...EXPERIMENTS, ...EXPERIMENTS] },
    { experiments: [{ name: "A B", variants: { a: 1 } }] },
    { experiments: [{ name: "a", variants: {} }] },
    { experiments: [{ name: "a", variants: { a: 0 } }] },
    { experiments: [{ name: "a", variants: { a: 0.5 } }] },
  ];
  for (const more of bad) assert.throws(() => assign(more), TypeError);
});
