import assert from "node:assert/strict";
import { test } from "node:test";
import { codePoint } from "@rempart/testing/code-point";
import fc from "fast-check";
import { parsePostmasterFile } from "./postmaster-file.ts";

test("a lock file says who runs where; a stand-alone server writes its id negative", () => {
  const rest = "/data\n1700000000\n5432\n/run\n\n 123 4\nready   \n";
  assert.deepEqual(parsePostmasterFile(`42\n${rest}`), {
    pid: 42,
    dataDirectory: "/data",
    port: 5432,
    socketDirectory: "/run",
  });
  assert.deepEqual(parsePostmasterFile(`-42\n${rest}`), {
    pid: 42,
    dataDirectory: "/data",
    port: 5432,
    socketDirectory: "/run",
  });
  assert.deepEqual(parsePostmasterFile("42"), { pid: 42, dataDirectory: "", port: 0, socketDirectory: "" });
});

test("whatever else the file holds, the id is a possible one or there is none", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: codePoint }), fc.stringMatching(/^-?\d{0,25}\n?/)), (text) => {
      const parsed = parsePostmasterFile(text);
      assert.ok(parsed === null || (Number.isInteger(parsed.pid) && parsed.pid > 0 && parsed.pid < 2 ** 31));
    }),
  );
});
