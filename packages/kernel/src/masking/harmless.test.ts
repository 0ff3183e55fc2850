import assert from "node:assert/strict";
import { test } from "node:test";
import { Harmless } from "./harmless.ts";

test("what is said again stays, what is not makes room, and long texts are not kept", () => {
  const harmless = new Harmless(10, 31);
  for (let index = 0; index < 100; index += 1) {
    harmless.add(`once ${index}`);
    if (!harmless.has("GET")) harmless.add("GET");
    assert.ok(harmless.has("GET"));
  }
  assert.ok(!harmless.has("once 0"));
  const known = Array.from({ length: 100 }, (_, index) => `once ${index}`).filter((text) =>
    harmless.has(text),
  );
  assert.ok(known.length <= 10, `${known.length}`);
  harmless.add("x".repeat(32));
  assert.ok(!harmless.has("x".repeat(32)));
});
