import assert from "node:assert/strict";
import { test } from "node:test";
import { unsafeSeededRandom } from "@rempart/kernel";
import { type SafetyNumberSide, safetyNumber } from "./safety-number.ts";

const random = unsafeSeededRandom(42);
const uuid = (number: number) => `01900000-0000-7000-8000-${String(number).padStart(12, "0")}`;
const device = (number: number) => ({ deviceId: uuid(number), signatureKey: random.bytes(32) });

const alice: SafetyNumberSide = { userId: uuid(1), devices: [device(11), device(12)] };
const bob: SafetyNumberSide = { userId: uuid(2), devices: [device(21)] };
const number = await safetyNumber(alice, bob);

test("twelve groups of five digits and a text for a QR code", () => {
  assert.equal(number.groups.length, 12);
  assert.ok(number.groups.every((group) => /^\d{5}$/.test(group)));
  assert.match(number.qrText, /^rempart-safety-number:1:[\w-]{43}:[\w-]{43}$/);
});

test("both sides see the same number, in whatever order devices are listed", async () => {
  const reversed = { ...alice, devices: alice.devices.toReversed() };
  assert.deepEqual(await safetyNumber(bob, reversed), number);
});

test("any other device or key changes it, and only that side's half", async () => {
  const [first, second] = alice.devices as [SafetyNumberSide["devices"][0], SafetyNumberSide["devices"][0]];
  const changes: SafetyNumberSide[] = [
    { ...alice, devices: [...alice.devices, device(13)] },
    { ...alice, devices: [first] },
    { ...alice, devices: [first, { ...second, signatureKey: random.bytes(32) }] },
    {
      ...alice,
      devices: [
        { ...first, signatureKey: second.signatureKey },
        { ...second, signatureKey: first.signatureKey },
      ],
    },
    { ...alice, userId: uuid(3) },
  ];
  const halves = ({ groups }: { groups: readonly string[] }) => [
    groups.slice(0, 6).join(" "),
    groups.slice(6).join(" "),
  ];
  for (const change of changes) {
    const changed = await safetyNumber(change, bob);
    assert.notEqual(changed.qrText, number.qrText);
    const kept = halves(changed).filter((half) => halves(number).includes(half));
    assert.equal(kept.length, 1, "Bob's half stays");
  }
});

test("misuse is a TypeError", async () => {
  await assert.rejects(safetyNumber(alice, alice), TypeError);
  await assert.rejects(safetyNumber({ ...alice, userId: "alice" }, bob), TypeError);
  const short = { ...alice, devices: [{ deviceId: uuid(9), signatureKey: new Uint8Array(31) }] };
  await assert.rejects(safetyNumber(short, bob), TypeError);
});
