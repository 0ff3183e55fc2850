import assert from "node:assert/strict";
import { test } from "node:test";
import { manualClock } from "@rempart/kernel";
import { codePoint } from "@rempart/testing/code-point";
import fc from "fast-check";
import type { Outcome } from "../ports.ts";
import { createAccessLog } from "./access-log.ts";

function outcome(changed: Partial<Outcome> = {}): Outcome {
  return {
    requestId: "id-12345678",
    method: "GET",
    path: "/a",
    routeClass: "default",
    route: "/a",
    status: 200,
    durationMs: 1.23456,
    address: "198.51.100.7",
    verdict: "pass",
    code: null,
    reason: null,
    aborted: false,
    cause: undefined,
    ...changed,
  };
}

test("one JSON line per request, written in batches and flushed at the end", () => {
  const written: string[] = [];
  const log = createAccessLog({
    write: (lines) => void written.push(lines),
    clock: manualClock(7),
    batchCharacters: 500,
    members: { retention: "access" },
  });
  for (let i = 0; i < 5; i += 1) log.settled(outcome());
  log.flush();
  log.flush();
  assert.ok(written.length < 5);
  const lines = written.join("").trimEnd().split("\n");
  assert.equal(lines.length, 5);
  assert.deepEqual(JSON.parse(lines[0] as string), {
    level: 30,
    time: 7,
    retention: "access",
    requestId: "id-12345678",
    method: "GET",
    path: "/a",
    route: "/a",
    status: 200,
    ms: 1.235,
    address: "198.51.100.7",
  });
});

test("a line names the trace it is told of, where there is one", () => {
  let written = "";
  const traces = ["0af7651916cd43dd8448eb211c80319c", undefined];
  const log = createAccessLog({
    write: (lines) => {
      written += lines;
    },
    traceId: () => traces.shift(),
  });
  log.settled(outcome());
  log.settled(outcome());
  log.flush();
  const [traced, other] = written.trimEnd().split("\n") as [string, string];
  assert.equal(JSON.parse(traced).traceId, "0af7651916cd43dd8448eb211c80319c");
  assert.equal("traceId" in JSON.parse(other), false);
});

test("a line that waits is written without being asked", async () => {
  const lines = await new Promise<string>((resolve) => {
    createAccessLog({ write: resolve, batchMs: 1 }).settled(outcome());
  });
  assert.equal(JSON.parse(lines).status, 200);
});

test("refusals and failures say why", () => {
  let text = "";
  const log = createAccessLog({ write: (lines) => (text += lines) });
  const cause = new Error("outer", { cause: new Error("inner") });
  log.settled(
    outcome({ status: 503, verdict: "reject", code: "unavailable", reason: "away", aborted: true, cause }),
  );
  log.flush();
  const line = JSON.parse(text);
  assert.equal(line.level, 50);
  assert.equal(line.code, "unavailable");
  assert.equal(line.reason, "away");
  assert.equal(line.verdict, "reject");
  assert.equal(line.aborted, true);
  assert.equal(line.error, "outer: inner");
});

test("no peer can forge a line or a field", () => {
  const hostile = fc.oneof(
    fc.string({ unit: codePoint, maxLength: 80 }),
    fc.constant('/","status":1,"x":"\n{}'),
  );
  fc.assert(
    fc.property(hostile, hostile, (path, method) => {
      let text = "";
      const log = createAccessLog({ write: (lines) => (text += lines) });
      log.settled(outcome({ path, method }));
      log.flush();
      assert.equal(text.indexOf("\n"), text.length - 1);
      const line = JSON.parse(text);
      assert.equal(line.path, path.toWellFormed() === path ? path : line.path);
      assert.equal(line.status, 200);
    }),
  );
});
