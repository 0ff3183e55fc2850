import assert from "node:assert/strict";
import { isIPv4, isIPv6 } from "node:net";
import { test } from "node:test";
import fc from "fast-check";
import { parseAddress } from "./ip.ts";

test("IPv4 addresses, with the port some proxies add", () => {
  for (const text of ["1.2.3.4", "0.0.0.0", "255.255.255.255"]) {
    assert.deepEqual(parseAddress(text), { text, key: text });
  }
  assert.equal(parseAddress("1.2.3.4:8080")?.text, "1.2.3.4");
});

test("an IPv6 address is written as RFC 5952 says and keyed by its /64", () => {
  const cases: [string, string, string][] = [
    ["2001:0DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1", "2001:db8:0:0::/64"],
    ["::1", "::1", "0:0:0:0::/64"],
    ["::", "::", "0:0:0:0::/64"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1", "2001:db8:0:1::/64"],
    ["fe80::1%eth0", "fe80::1", "fe80:0:0:0::/64"],
    ["[2001:db8::2]:443", "2001:db8::2", "2001:db8:0:0::/64"],
    ["64:ff9b::192.0.2.33", "64:ff9b::c000:221", "64:ff9b:0:0::/64"],
  ];
  for (const [given, text, key] of cases) assert.deepEqual(parseAddress(given), { text, key }, given);
});

test("two addresses of one /64 share a key, neighbours do not", () => {
  assert.equal(parseAddress("2001:db8::1")?.key, parseAddress("2001:db8::ffff:ffff")?.key);
  assert.notEqual(parseAddress("2001:db8:0:1::1")?.key, parseAddress("2001:db8:0:2::1")?.key);
});

test("an IPv4-mapped IPv6 address is its IPv4 address", () => {
  for (const text of ["::ffff:1.2.3.4", "::FFFF:102:304", "[::ffff:1.2.3.4]:80"]) {
    assert.deepEqual(parseAddress(text), { text: "1.2.3.4", key: "1.2.3.4" }, text);
  }
});

test("what is no address is refused", () => {
  const refused = [
    "",
    "1.2.3",
    "1.2.3.4.5",
    "01.2.3.4",
    "1.2.3.256",
    "0x1.2.3.4",
    "1.2.3.4:",
    "1.2.3.4:123456",
    ":::",
    "1::2::3",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7:8::",
    "12345::",
    "::g",
    ":1",
    "1:",
    "[1.2.3.4]",
    "[::1",
    "::1]",
    "::1.2.3",
    "::1.2.3.4:5",
    "unknown",
    "_hidden",
    "1.2.3.4\r\nX: y",
    "1".repeat(100),
  ];
  for (const text of refused) assert.equal(parseAddress(text), null, JSON.stringify(text));
});

test("agrees with the platform's parser on every address", () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
      const parsed = parseAddress(text);
      assert.ok(parsed !== null, text);
      assert.ok(isIPv4(parsed.text) || isIPv6(parsed.text), parsed.text);
      assert.deepEqual(parseAddress(parsed.text), parsed, "canonical text is a fixed point");
    }),
  );
});

test("never accepts what the platform refuses", () => {
  const digits = fc.string({ unit: fc.constantFrom(..."0123456789abcdef:.[]%"), maxLength: 50 });
  fc.assert(
    fc.property(fc.oneof(digits, fc.string({ maxLength: 90 })), (text) => {
      const parsed = parseAddress(text);
      assert.ok(parsed === null || isIPv4(parsed.text) || isIPv6(parsed.text), text);
      const isPlain = !/[[\]%]/.test(text) && !/^[^:]*:[0-9]*$/.test(text);
      if (parsed !== null && isPlain) assert.ok(isIPv4(text) || isIPv6(text), text);
    }),
    { numRuns: 2000 },
  );
});
