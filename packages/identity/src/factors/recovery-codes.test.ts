import assert from "node:assert/strict";
import { test } from "node:test";
import { systemRandom } from "@rempart/kernel";
import { codePoint } from "@rempart/testing/code-point";
import fc from "fast-check";
import { mintRecoveryCodes, recoveryCodeHash } from "./recovery-codes.ts";

const ANN = "0190a0b0-c0d0-7000-8000-00000000000a";
const BOB = "0190a0b0-c0d0-7000-8000-00000000000b";

test("ten codes of eighty bits, all different, the same however they are typed, and each account's own", () => {
  const codes = mintRecoveryCodes(systemRandom);
  assert.equal(new Set(codes).size, 10);
  for (const code of codes) {
    assert.match(code, /^([A-Z2-7]{4}-){3}[A-Z2-7]{4}$/);
    const stored = recoveryCodeHash(ANN, code);
    assert.deepEqual(recoveryCodeHash(ANN, ` ${code.toLowerCase().replaceAll("-", " ")}`), stored);
    assert.notDeepEqual(recoveryCodeHash(BOB, code), stored);
  }
});

test("any text is a code or none, at once", () => {
  fc.assert(
    fc.property(fc.string({ unit: codePoint, maxLength: 80 }), (text) => {
      const plain = text.replace(/[\s-]/g, "").toUpperCase();
      const isCode = text.length <= 64 && /^[A-Z2-7]{16}$/.test(plain);
      assert.equal(recoveryCodeHash(ANN, text) !== null, isCode);
    }),
  );
  assert.equal(recoveryCodeHash(ANN, "A".repeat(16) + " ".repeat(1_000_000)), null);
});
