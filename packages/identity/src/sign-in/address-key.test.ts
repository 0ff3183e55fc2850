import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { addressKey } from "./address-key.ts";

test("an IPv6 subscriber is one party, however the address is written", () => {
  for (const address of [
    "2001:db8:1:2::1",
    "2001:DB8:1:2:ffff:ffff:ffff:ffff",
    "2001:0db8:0001:0002:0:0:0:9",
    "2001:db8:1:2::1%eth0",
  ]) {
    assert.equal(addressKey(address), "2001:db8:1:2::/64");
  }
  assert.equal(addressKey("::1"), "0:0:0:0::/64");
});

test("an IPv4 address is itself, also mapped into IPv6", () => {
  for (const address of ["192.0.2.1", "::ffff:192.0.2.1", "::FFFF:c000:201"]) {
    assert.equal(addressKey(address), "192.0.2.1");
  }
});

test("any address of a /64 has the same key, and any text has one", () => {
  const group = fc.integer({ min: 0, max: 0xffff }).map((value) => value.toString(16));
  const half = fc.array(group, { minLength: 4, maxLength: 4 }).map((groups) => groups.join(":"));
  fc.assert(
    fc.property(half, half, half, (network, one, two) => {
      fc.pre(network !== "0:0:0:0");
      assert.equal(addressKey(`${network}:${one}`), addressKey(`${network}:${two}`));
    }),
  );
  fc.assert(fc.property(fc.string(), (text) => typeof addressKey(text) === "string"));
});
