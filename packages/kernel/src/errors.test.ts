import assert from "node:assert/strict";
import { test } from "node:test";
import { CodedError, causes, explain, hasCode } from "./errors.ts";

class KettleError extends CodedError<"dry" | "cold"> {}

test("an error carries its code, its class name, its cause and its details", () => {
  const cause = new Error("no water");
  const error = new KettleError("dry", "The kettle is dry", { cause, details: { litres: 0 } });
  assert.equal(error.name, "KettleError");
  assert.equal(error.cause, cause);
  assert.deepEqual(error.details, { litres: 0 });
  assert.ok(hasCode(error, "dry"));
  assert.ok(!hasCode(error, "cold"));
  assert.ok(!hasCode({ code: "dry" }, "dry"));
});

test("explain joins the chain, and a cyclic chain ends", () => {
  const inner = new Error("connection refused");
  assert.equal(
    explain(new KettleError("cold", "Cannot heat", { cause: inner })),
    "Cannot heat: connection refused",
  );
  const loop = new Error("loop");
  loop.cause = loop;
  assert.equal(causes(loop).length, 8);
});
