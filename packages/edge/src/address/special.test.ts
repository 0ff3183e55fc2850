import assert from "node:assert/strict";
import { BlockList } from "node:net";
import { test } from "node:test";
import fc from "fast-check";
import { type AddressKind, classifyAddress } from "./special.ts";

const CASES: Readonly<Record<AddressKind, readonly string[]>> = {
  public: [
    "1.1.1.1",
    "8.8.8.8",
    "172.15.255.255",
    "172.32.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "2606:4700::1111",
    "2400::1",
  ],
  loopback: ["127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1", "::ffff:7f00:1"],
  private: [
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "fc00::1",
    "fdff::1",
    "::ffff:10.0.0.1",
  ],
  "link-local": ["169.254.0.1", "fe80::1", "febf::1", "fe80::1%eth0"],
  metadata: [
    "169.254.169.254",
    "::ffff:169.254.169.254",
    "168.63.129.16",
    "100.100.100.200",
    "fd00:ec2::254",
    "169.254.170.2",
  ],
  "carrier-grade-nat": ["100.64.0.0", "100.127.255.255"],
  multicast: ["224.0.0.1", "239.255.255.255", "ff02::1"],
  reserved: [
    "0.0.0.0",
    "::",
    "255.255.255.255",
    "240.0.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "198.19.255.255",
    "203.0.113.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "::127.0.0.1",
    "2002:7f00:1::",
    "2001::1",
    "2001:db8::1",
    "3fff::1",
    "fec0::1",
    "100::1",
    "::ffff:0:127.0.0.1",
  ],
};

for (const [kind, texts] of Object.entries(CASES)) {
  test(`${kind} addresses`, () => {
    for (const text of texts) assert.equal(classifyAddress(text), kind, text);
  });
}

test("what is no address has no kind", () => {
  for (const text of ["", "localhost", "0x7f.1", "2130706433", "127.1", "017700000001", "1.2.3.4.5"]) {
    assert.equal(classifyAddress(text), null, text);
  }
});

/** The platform's own arithmetic, as a second opinion on ours. */
const refused = new BlockList();
for (const [net, prefix] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.31.196.0", 24],
  ["192.52.193.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["192.175.48.0", 24],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3],
] as const)
  refused.addSubnet(net, prefix, "ipv4");
refused.addAddress("168.63.129.16");
const allowed6 = new BlockList();
allowed6.addSubnet("2000::", 3, "ipv6");
for (const [net, prefix] of [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["2620:4f:8000::", 48],
  ["3fff::", 20],
] as const) {
  refused.addSubnet(net, prefix, "ipv6");
}

test("agrees with the platform about every IPv4 address, mapped or plain", () => {
  const near = fc.constantFrom(
    ...Object.values(CASES)
      .flat()
      .filter((text) => !text.includes(":")),
  );
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), near), (text) => {
      assert.equal(classifyAddress(text) === "public", !refused.check(text, "ipv4"), text);
      assert.equal(classifyAddress(`::ffff:${text}`), classifyAddress(text));
      assert.notEqual(classifyAddress(`64:ff9b::${text}`), "public");
    }),
    { numRuns: 1000 },
  );
});

test("agrees with the platform about every IPv6 address", () => {
  const head = fc.constantFrom(
    "2001",
    "2002",
    "2620:4f",
    "3fff",
    "2001:db8",
    "fe80",
    "fd00",
    "ff02",
    "2a00",
    "64:ff9b",
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.ipV6(),
        fc.tuple(head, fc.nat(0xffff)).map(([a, b]) => `${a}:${b.toString(16)}::1`),
      ),
      (text) => {
        const kind = classifyAddress(text);
        const isMapped = /^(::|0+:0+:0+:0+:0+:)ffff:/i.test(text);
        if (kind === null || isMapped) return;
        assert.equal(kind === "public", allowed6.check(text, "ipv6") && !refused.check(text, "ipv6"), text);
      },
    ),
    { numRuns: 1000 },
  );
});
