import assert from "node:assert/strict";
import { test } from "node:test";
import { EDGE_PROBLEMS } from "@rempart/edge/problems";
import { PROBLEMS } from "@rempart/messaging/contract";
import { openApi } from "./openapi.ts";

test("whatever the edge refuses with, clients know: the same code, status and title", () => {
  const known = new Map<string, unknown>(Object.entries(PROBLEMS));
  for (const { code, status, title } of Object.values(EDGE_PROBLEMS))
    assert.deepEqual(known.get(code), { status, title }, code);
});

test("the published description lists every code", () => {
  const listed = JSON.stringify(openApi("1.0.0"));
  for (const code of Object.keys(PROBLEMS)) assert.ok(listed.includes(JSON.stringify(code)), code);
});
