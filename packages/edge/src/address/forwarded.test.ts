import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { trustedForwardedElement, trustedListElement } from "./forwarded.ts";

test("the element our outermost proxy wrote is counted from the right", () => {
  const list = "6.6.6.6, 1.1.1.1, 10.0.0.2";
  assert.equal(trustedListElement(list, 1), "10.0.0.2");
  assert.equal(trustedListElement(list, 2), "1.1.1.1");
  assert.equal(trustedListElement(list, 3), "6.6.6.6");
  assert.equal(trustedListElement(list, 9), "6.6.6.6");
  assert.equal(trustedListElement("1.1.1.1", 2), "1.1.1.1");
  assert.equal(trustedListElement("", 1), "");
});

test("agrees with splitting the whole list", () => {
  const element = fc.string({ unit: fc.constantFrom(..."0123456789. "), maxLength: 8 });
  fc.assert(
    fc.property(
      fc.array(element, { minLength: 1, maxLength: 10 }),
      fc.integer({ min: 1, max: 12 }),
      (list, hops) => {
        const expected = list[Math.max(0, list.length - hops)] as string;
        assert.equal(trustedListElement(list.join(","), hops), expected.trim());
      },
    ),
  );
});

test("what a client writes left of the trusted elements changes nothing", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 300 }), (claim) => {
      assert.equal(trustedListElement(`${claim}, 203.0.113.9`, 1), "203.0.113.9");
    }),
  );
});

test("Forwarded: quoted strings, several elements, the scheme", () => {
  const header = 'for=6.6.6.6, for="[2001:db8::1]:4711";proto=HTTPS;by=10.0.0.1, for=10.0.0.2;host="a,b;c"';
  assert.deepEqual(trustedForwardedElement(header, 2), { for: "[2001:db8::1]:4711", proto: "https" });
  assert.deepEqual(trustedForwardedElement(header, 1), { for: "10.0.0.2", proto: null });
  assert.deepEqual(trustedForwardedElement('for="_a\\"b"', 1), { for: '_a"b', proto: null });
});

test("a malformed Forwarded header is not believed", () => {
  for (const header of [
    'for="1.1.1.1',
    "1.1.1.1",
    "for=1;for=2",
    'for=a"b',
    "=x",
    "proto=http;proto=https",
  ]) {
    assert.equal(trustedForwardedElement(header, 1), null, header);
  }
  assert.equal(trustedForwardedElement(`for=${"1".repeat(5000)}`, 1), null);
  assert.equal(trustedForwardedElement("for=1,".repeat(100), 1), null);
});

test("no text makes the Forwarded parser throw", () => {
  const text = fc.string({ unit: fc.constantFrom(...'for=proto;," \\1.[]:'), maxLength: 200 });
  fc.assert(
    fc.property(text, fc.integer({ min: 1, max: 10 }), (header, hops) => {
      const element = trustedForwardedElement(header, hops);
      assert.ok(element === null || typeof element === "object");
    }),
    { numRuns: 1000 },
  );
});
