import assert from "node:assert/strict";
import { test } from "node:test";
import { type Logger, Secret } from "@rempart/runtime";
import { codePoint } from "@rempart/testing/code-point";
import fc from "fast-check";
import { within } from "../scope.ts";
import { createLogger, type LineDestination } from "./logger.ts";
import { RETENTION_CLASSES } from "./retention.ts";

interface Captured {
  readonly log: Logger;
  readonly lines: string[];
  last(): Record<string, unknown>;
}

function captured(): Captured {
  const lines: string[] = [];
  const destination: LineDestination = { write: (line) => void lines.push(line) };
  const destinations = Object.fromEntries(RETENTION_CLASSES.map((name) => [name, destination]));
  const log = createLogger({ level: "debug", destinations });
  return { log, lines, last: () => JSON.parse(lines.at(-1) ?? "null") };
}

test("a line written within a request carries its ids, also after waiting; one outside carries none", async () => {
  const { log, last } = captured();
  await within({ requestId: "request-1", traceId: "a".repeat(32) }, async () => {
    await new Promise((resolve) => setImmediate(resolve));
    log.info({ requestId: "somebody else's" }, "inside");
  });
  assert.equal(last().requestId, "request-1");
  assert.equal(last().traceId, "a".repeat(32));
  log.info({}, "outside");
  assert.equal("requestId" in last(), false);
});

test("every line says how long it is kept", () => {
  const { log, last } = captured();
  log.info({}, "a");
  assert.equal(last().retention, "application");
  const access = log.child({ retention: "access" });
  access.child({ more: 1 }).info({ retention: "nonsense" }, "b");
  assert.equal(last().more, 1);
  access.warn({}, "c");
  assert.equal(last().retention, "access");
});

test("a class goes where it was told to go", () => {
  const access: string[] = [];
  const others: string[] = [];
  const rest: LineDestination = { write: (line) => void others.push(line) };
  const log = createLogger({
    level: "info",
    destinations: { access: { write: (line) => void access.push(line) }, application: rest, audit: rest },
  });
  log.child({ retention: "access" }).info({}, "asked");
  log.info({}, "said");
  assert.equal(access.length, 1);
  assert.equal(others.length, 1);
});

test("no secret is written, by name, by shape or as the value that must not print", () => {
  const { log, lines } = captured();
  const text = "hunter2-correct-horse";
  log.info({ secret: new Secret(text), inner: { value: new Secret(text) }, password: text }, "x");
  log.info({ note: "Bearer c2VjcmV0LXRva2Vu" }, "alice@example.com signed in");
  log.child({ apiKey: text }).info({}, "x");
  for (const leak of [text, "c2VjcmV0LXRva2Vu", "alice@example.com"])
    assert.ok(!lines.some((line) => line.includes(leak)), leak);
});

test("cycles, getters that throw, huge texts and odd values end in one bounded line", () => {
  const { log, lines } = captured();
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  const hostile = {
    cycle,
    get boom(): never {
      throw new Error("no");
    },
    big: 10n ** 40n,
    symbol: Symbol("s"),
    work: () => 1,
    text: "x".repeat(1_000_000),
  };
  log.error(hostile, "y".repeat(1_000_000));
  log.error([1, 2, 3], "a list");
  log.error(
    new Proxy(
      {},
      {
        ownKeys() {
          throw new Error("no");
        },
      },
    ),
  );
  assert.equal(lines.length, 3);
  for (const line of lines) assert.ok(line.length < 10_000);
});

test("whatever is logged, it is one line of JSON whose level, time, message and class are the logger's", () => {
  const { log, lines } = captured();
  const names = fc.oneof(
    fc.string({ unit: codePoint }),
    fc.constantFrom("level", "time", "msg", "retention"),
  );
  fc.assert(
    fc.property(
      fc.dictionary(names, fc.oneof(fc.string(), fc.double(), fc.constant({}))),
      fc.string({ unit: codePoint }),
      (fields, message) => {
        lines.length = 0;
        log.info(fields, message);
        assert.equal(lines.length, 1);
        const [line = ""] = lines;
        assert.equal(line.indexOf("\n"), line.length - 1);
        const read = JSON.parse(line);
        assert.equal(read.level, 30);
        assert.equal(typeof read.msg, "string");
        assert.ok(Date.parse(read.time) > 0);
        for (const name of ["level", "time", "msg", "retention"])
          assert.equal(line.split(`"${name}":`).length, 2, `${name} in ${line}`);
      },
    ),
  );
});

test("anything at all can be logged", () => {
  const { log, lines } = captured();
  fc.assert(
    fc.property(
      fc.object({ withBigInt: true, withDate: true, withMap: true, withTypedArray: true }),
      (fields) => {
        lines.length = 0;
        log.info(fields, "x");
        assert.equal(JSON.parse(lines.join("")).msg, "x");
      },
    ),
  );
});

test("what is below the level is not even looked at", () => {
  let looked = false;
  const fields = {
    get costly(): string {
      looked = true;
      return "";
    },
  };
  createLogger({ level: "warn" }).debug(fields, "x");
  createLogger({ level: "silent" }).error(fields, "x");
  assert.equal(looked, false);
});
