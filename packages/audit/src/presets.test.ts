import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { EVENTS, type EventType } from "./events/table.ts";
import { PRESETS, type PresetName } from "./presets.ts";
import type { AuditRecord } from "./reading/record.ts";

const RECORD: AuditRecord = {
  id: "0198f0e2-7c1a-7b3e-9f00-123456789abc",
  index: 7,
  type: "auth.login.failed",
  label: "LOGIN_FAILED",
  severity: "notice",
  time: Date.UTC(2026, 10, 21),
  address: "192.0.2.1",
  subject: "u1",
  body: {},
};

const TYPES = Object.keys(EVENTS) as EventType[];

async function told(name: PresetName): Promise<string> {
  const output = new PassThrough();
  await PRESETS[name].console(output).write([RECORD], new AbortController().signal);
  return String(output.read());
}

test("compliance keeps everything, the others all but each single request", () => {
  const dropped = (name: PresetName) => TYPES.filter((type) => !PRESETS[name].keeps(type));
  assert.deepEqual(dropped("compliance"), []);
  assert.deepEqual(dropped("production"), ["access.request"]);
  assert.deepEqual(dropped("development"), ["access.request"]);
});

test("a person reads a line, a machine reads JSON", async () => {
  assert.match(
    await told("development"),
    /^2026-11-21T00:00:00.000Z {2}NOTICE {4}LOGIN_FAILED {2}u1 192.0.2.1/,
  );
  assert.equal(JSON.parse(await told("production")).label, "LOGIN_FAILED");
  assert.equal(JSON.parse(await told("compliance")).index, 7);
});
