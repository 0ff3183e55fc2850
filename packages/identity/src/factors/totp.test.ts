import assert from "node:assert/strict";
import { test } from "node:test";
import { utf8 } from "@rempart/kernel";
import fc from "fast-check";
import { toBase32 } from "./base32.ts";
import { matchTotp, otpauthUri, stepAt, totp } from "./totp.ts";

const SEED = utf8("12345678901234567890");

test("the codes of RFC 6238, appendix B, and of RFC 4226, appendix D", () => {
  const vectors: [number, string][] = [
    [59, "94287082"],
    [1_111_111_109, "07081804"],
    [1_111_111_111, "14050471"],
    [1_234_567_890, "89005924"],
    [2_000_000_000, "69279037"],
    [20_000_000_000, "65353130"],
  ];
  for (const [seconds, code] of vectors) assert.equal(totp(SEED, stepAt(seconds * 1000), 8), code);
  const counted = ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583"];
  assert.deepEqual(
    counted.map((_, step) => totp(SEED, step)),
    counted,
  );
});

test("a code counts one step before and after, and no further", () => {
  const now = Date.UTC(2026, 0, 15, 12);
  const matches = [-2, -1, 0, 1, 2].map((drift) =>
    matchTotp(SEED, totp(SEED, stepAt(now) + drift), now, null),
  );
  const step = stepAt(now);
  assert.deepEqual(matches, [null, step - 1, step, step + 1, null]);
});

test("a used step and those before it are refused", () => {
  const now = Date.UTC(2026, 0, 15, 12);
  const step = stepAt(now);
  assert.equal(matchTotp(SEED, totp(SEED, step), now, step), null);
  assert.equal(matchTotp(SEED, totp(SEED, step - 1), now, step), null);
  assert.equal(matchTotp(SEED, totp(SEED, step + 1), now, step), step + 1);
});

test("whatever is typed, only the code itself is a code", () => {
  const now = Date.UTC(2026, 0, 15, 12);
  const right = totp(SEED, stepAt(now));
  assert.equal(matchTotp(SEED, `${right.slice(0, 3)} ${right.slice(3)}`, now, null), stepAt(now));
  assert.equal(matchTotp(SEED, right.replace(/[0-9]/, "٣"), now, null), null);
  assert.equal(matchTotp(SEED, " ".repeat(1_000_000) + right, now, null), null);
  const accepted = new Set([-1, 0, 1].map((drift) => totp(SEED, stepAt(now) + drift)));
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9]{6}$/)), (typed) => {
      const expected = accepted.has(typed.replace(/\s/g, ""));
      assert.equal(matchTotp(SEED, typed, now, null) !== null, expected);
    }),
  );
});

test("base32 as in RFC 4648, section 10", () => {
  const vectors = { "": "", f: "MY", fo: "MZXQ", foo: "MZXW6", foob: "MZXW6YQ", fooba: "MZXW6YTB" };
  for (const [plain, text] of Object.entries(vectors)) assert.equal(toBase32(utf8(plain)), text);
});

test("the URI names the issuer and the account, and nothing in them escapes", () => {
  const uri = new URL(otpauthUri(SEED, "Fort & Co", "ann+x@example.org"));
  assert.equal(uri.host, "totp");
  assert.equal(decodeURIComponent(uri.pathname), "/Fort & Co:ann+x@example.org");
  assert.deepEqual(Object.fromEntries(uri.searchParams), {
    secret: "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
    issuer: "Fort & Co",
    algorithm: "SHA1",
    digits: "6",
    period: "30",
  });
});
