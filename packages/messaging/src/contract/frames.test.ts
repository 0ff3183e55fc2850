import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { clientFrame } from "./frames.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";
const id = "019c0000-0000-7000-8000-000000000001";
const FRAMES = [
  { t: "ping" },
  { t: "watch", userIds: [id] },
  { t: "typing", conversationId: id, on: true },
  { t: "receipt", conversationId: id, read: 1 },
  { t: "send", id, conversationId: id, epoch: 0, body: "AAEC" },
];

test("every frame of a client may say where in a trace it is, and need not", () => {
  for (const frame of FRAMES) {
    assert.deepEqual(clientFrame.parse(frame), frame);
    const traced = { ...frame, traceparent: `00-${TRACE}-${SPAN}-01` };
    assert.deepEqual(clientFrame.parse(traced), traced);
  }
});

test("what is not exactly a trace's context of version 00 makes no frame", () => {
  const wrong: unknown[] = [
    "",
    null,
    1,
    [`00-${TRACE}-${SPAN}-01`],
    { toString: "x" },
    `01-${TRACE}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-01-`,
    `00-${TRACE}-${SPAN}-01\n`,
    ` 00-${TRACE}-${SPAN}-1`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-0１`,
    `00-${TRACE}-${SPAN}-01`.repeat(100_000),
  ];
  for (const traceparent of wrong)
    assert.equal(
      clientFrame.safeParse({ t: "ping", traceparent }).success,
      false,
      JSON.stringify(traceparent).slice(0, 80),
    );
});

test("whatever text is taken is written as the specification writes it", () => {
  const nearly = fc.string({ unit: fc.constantFrom(..."0123456789abcdefA-"), minLength: 54, maxLength: 56 });
  fc.assert(
    fc.property(fc.oneof(nearly, fc.string()), (traceparent) => {
      if (!clientFrame.safeParse({ t: "ping", traceparent }).success) return;
      assert.match(traceparent, /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/);
    }),
  );
});
