import assert from "node:assert/strict";
import { test } from "node:test";
import { codePoint } from "@rempart/testing/code-point";
import fc from "fast-check";
import { type ParentFields, parentFields, parentOf } from "./parent.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";

function fields(traceparent: string, tracestate?: string, repeated = false): ParentFields {
  const lines: Record<string, string | undefined> = { traceparent, tracestate };
  return { header: (name) => lines[name], repeated: () => repeated };
}

test("the examples of the specification are read, and written again as they were", () => {
  const parent = parentOf(fields(`00-${TRACE}-${SPAN}-01`, "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"));
  assert.equal(parent?.traceId, TRACE);
  assert.equal(parent?.spanId, SPAN);
  assert.ok(parent);
  assert.deepEqual(parentFields(parent), {
    traceparent: `00-${TRACE}-${SPAN}-01`,
    tracestate: "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE",
  });
  assert.ok(parentOf(fields(`cc-${TRACE}-${SPAN}-01-what-the-future-brings`)));
});

test("what is not exactly one well-formed field is no parent", () => {
  for (const text of [
    "",
    "00",
    `00-${TRACE}-${SPAN}-01-more`,
    `ff-${TRACE}-${SPAN}-01`,
    `00-${"0".repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${"0".repeat(16)}-01`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-1`,
    `00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-zz`,
    `cc-${TRACE}-${SPAN}-01-${"x".repeat(1_000_000)}`,
  ])
    assert.equal(parentOf(fields(text)), null, text.slice(0, 90));
  assert.equal(parentOf(fields(`00-${TRACE}-${SPAN}-01`, undefined, true)), null);
});

test("a list of states that is too long is dropped, and the parent kept", () => {
  const parent = parentOf(fields(`00-${TRACE}-${SPAN}-00`, `a=${"x".repeat(600)}`));
  assert.ok(parent);
  assert.deepEqual(parentFields(parent), { traceparent: `00-${TRACE}-${SPAN}-00` });
});

test("whatever is sent, the answer is null or a context that can be written into a header", () => {
  const hex = (length: number) =>
    fc.string({ unit: fc.constantFrom(..."0123456789abcdefABCF-"), minLength: length, maxLength: length });
  const nearly = fc.tuple(hex(2), hex(32), hex(16), hex(2)).map((parts) => parts.join("-"));
  const text = fc.oneof(nearly, fc.string({ unit: codePoint }));
  fc.assert(
    fc.property(text, fc.option(fc.string({ unit: codePoint }), { nil: undefined }), (traceparent, state) => {
      const parent = parentOf(fields(traceparent, state));
      if (parent === null) return;
      const written = parentFields(parent);
      assert.match(written.traceparent, /^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/);
      assert.match(written.tracestate ?? "", /^[\x20-\x7e]*$/);
    }),
  );
});
