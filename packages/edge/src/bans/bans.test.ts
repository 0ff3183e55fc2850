import assert from "node:assert/strict";
import { test } from "node:test";
import { manualClock } from "@rempart/kernel";
import fc from "fast-check";
import { facts } from "../../test/facts.ts";
import { parseAddress } from "../address/ip.ts";
import { createEdge } from "../edge.ts";
import type { Exchange } from "../exchange.ts";
import { type BanSnapshot, createBans, type NetworkBan } from "./bans.ts";
import { parseNetwork } from "./network.ts";
import { NetworkTable } from "./table.ts";

function address(text: string) {
  const parsed = parseAddress(text);
  assert.ok(parsed);
  return parsed;
}

function network(network: string, until: number | null = null, reason = "abuse"): NetworkBan {
  return { network, until, reason };
}

function bansOf(networks: readonly NetworkBan[], clock = manualClock()) {
  const bans = createBans({ clock });
  bans.replace({ networks, users: [] });
  return bans;
}

test("an address, a network, and the narrowest of several", () => {
  const bans = bansOf([
    network("203.0.113.7", null, "one"),
    network("203.0.113.0/24", null, "block"),
    network("2001:db8::/32", null, "provider"),
    network("2001:db8:1:2::9", null, "household"),
    network("2001:db9::1/128", null, "single"),
  ]);
  const reason = (text: string) => bans.ofAddress(address(text))?.reason ?? null;
  assert.equal(reason("203.0.113.7"), "one");
  assert.equal(reason("203.0.113.8"), "block");
  assert.equal(reason("::ffff:203.0.113.8"), "block");
  assert.equal(reason("203.0.114.0"), null);
  assert.equal(reason("2001:db8:1:2:ffff::"), "household");
  assert.equal(reason("2001:db8:1:3::"), "provider");
  assert.equal(reason("2001:db9::1"), "single");
  assert.equal(reason("2001:db9::2"), null);
});

test("a whole family can be banned, and only that one", () => {
  const bans = bansOf([network("0.0.0.0/0")]);
  assert.ok(bans.ofAddress(address("255.255.255.255")));
  assert.equal(bans.ofAddress(address("::1")), null);
});

test("a ban ends by itself; the wider one behind it stays", () => {
  const clock = manualClock(1000);
  const bans = bansOf([network("10.0.0.1", 2000, "short"), network("10.0.0.0/8", 3000, "long")], clock);
  const reason = () => bans.ofAddress(address("10.0.0.1"))?.reason ?? null;
  assert.equal(reason(), "short");
  clock.advance(1000);
  assert.equal(reason(), "long");
  clock.advance(1000);
  assert.equal(reason(), null);
});

test("of two bans on one network or user, the one that ends later holds", () => {
  const clock = manualClock(0);
  const bans = createBans({ clock });
  const user = (until: number | null, reason: string) => ({ user: "u1", until, reason });
  bans.replace({
    networks: [network("10.0.0.1", 100), network("10.0.0.1", null, "for good"), network("10.0.0.1", 200)],
    users: [user(100, "a"), user(null, "for good"), user(200, "c")],
  });
  assert.equal(bans.ofAddress(address("10.0.0.1"))?.reason, "for good");
  assert.equal(bans.ofUser("u1")?.reason, "for good");
  assert.equal(bans.ofUser("u2"), null);
});

test("a snapshot with a fault is refused whole, by name, and the old one stays in force", () => {
  const bans = createBans({ clock: manualClock(), maxBans: 3 });
  bans.replace({ networks: [network("10.0.0.1")], users: [] });
  const faults: [BanSnapshot, RegExp][] = [
    [{ networks: [network("10.0.0.2"), network("10.0.0.1/8")], users: [] }, /networks\[1\]/],
    [{ networks: [network("10.0.0.2", Number.NaN)], users: [] }, /networks\[0\]\.until/],
    [{ networks: [], users: [{ user: "", reason: "", until: null }] }, /users\[0\]/],
    [{ networks: [network("10.0.0.2", null, "x".repeat(501))], users: [] }, /reason/],
    [{ networks: Array.from({ length: 4 }, () => network("10.0.0.2")), users: [] }, /more than 3/],
  ];
  for (const [snapshot, message] of faults) {
    assert.throws(() => bans.replace(snapshot), { code: "invalid-bans", message });
    assert.ok(bans.ofAddress(address("10.0.0.1")));
    assert.equal(bans.ofAddress(address("10.0.0.2")), null);
  }
});

test("a source pushes until it is closed", () => {
  let push: (snapshot: BanSnapshot) => void = () => {};
  let isOpen = true;
  const bans = createBans({
    source: {
      subscribe(to) {
        push = to;
        return () => {
          isOpen = false;
        };
      },
    },
  });
  push({ networks: [network("10.0.0.1")], users: [] });
  assert.deepEqual(bans.stats(), { networks: 1, users: 0 });
  bans.close();
  assert.equal(isOpen, false);
});

test("what is no network is not read as one", () => {
  const texts = ["", "/", "10.0.0.1/", "10.0.0.0/33", "10.0.0.0/08", "10.0.0.0/-1", "10.0.0.0/8/8", "::/129"];
  for (const text of [...texts, "10.0.0.1/24", "::ffff:10.0.0.0/104", "example.com", "10.0.0.0/ 8"])
    assert.equal(parseNetwork(text), null, text);
  fc.assert(fc.property(fc.string(), (text) => parseNetwork(text) === null || /^[\d:.a-f[]/i.test(text)));
});

/** Reads an address as bits, the slow way. */
function bits(text: string): string {
  return text
    .split(".")
    .map((octet) => Number(octet).toString(2).padStart(8, "0"))
    .join("");
}

const octet = fc.constantFrom(0, 1, 2, 127, 128, 255);
const v4 = fc.tuple(octet, octet, octet, octet).map((octets) => octets.join("."));
const bannedV4 = fc.record({ base: v4, prefix: fc.nat(32), until: fc.option(fc.nat(10)) }).map((given) => {
  const network = parseNetwork(`${given.base}/32`)?.first as string;
  const value = (network.charCodeAt(0) * 65536 + network.charCodeAt(1)) >>> 0;
  const host = 2 ** (32 - given.prefix);
  const first = Math.floor(value / host) * host;
  const text = [24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256).join(".");
  return { text, prefix: given.prefix, until: given.until };
});

test("finds what a search through every ban finds", () => {
  fc.assert(
    fc.property(fc.array(bannedV4, { maxLength: 30 }), v4, fc.nat(10), (entries, asked, now) => {
      const bans = bansOf(
        entries.map(({ text, prefix, until }) => network(`${text}/${prefix}`, until)),
        manualClock(now),
      );
      const matching = entries.filter(
        ({ text, prefix, until }) =>
          bits(asked).startsWith(bits(text).slice(0, prefix)) && (until === null || now < until),
      );
      const longest = matching.reduce((most, { prefix }) => Math.max(most, prefix), -1);
      const found = bans.ofAddress(address(asked));
      assert.equal(found === null ? -1 : Number(found.network.split("/")[1]), longest);
    }),
    { numRuns: 500 },
  );
});

/** The 128 bits of an IPv6 address, written from its groups. */
const group = fc.constantFrom(0, 1, 0x7fff, 0x8000, 0xfffe, 0xffff, 0x2001, 0xdb8);
const v6Bits = fc
  .array(group, { minLength: 8, maxLength: 8 })
  .filter(([first]) => first !== 0)
  .map((groups) => groups.map((value) => value.toString(2).padStart(16, "0")).join(""));

function textOf(bits: string): string {
  const groups = bits.match(/.{16}/g) ?? [];
  return groups.map((group) => Number.parseInt(group, 2).toString(16)).join(":");
}

test("finds in IPv6 what comparing bits one by one finds, and confuses no family with the other", () => {
  const banned = fc.record({ base: v6Bits, prefix: fc.nat(128), until: fc.option(fc.nat(10)) });
  const asked = fc.record({ bits: v6Bits, from: fc.nat(128), other: fc.nat(20) });
  fc.assert(
    fc.property(
      fc.array(banned, { maxLength: 20 }),
      asked,
      fc.nat(10),
      (given, { bits: own, from, other }, now) => {
        const near = given[other];
        const wanted = near === undefined ? own : near.base.slice(0, from) + own.slice(from);
        const entries = given.map(({ base, prefix, until }) => ({
          bits: base.slice(0, prefix).padEnd(128, "0"),
          prefix,
          until,
        }));
        const networks = entries.map(({ bits: base, prefix, until }) =>
          network(`${textOf(base)}/${prefix}`, until),
        );
        const bans = bansOf([...networks, network("0.0.0.0/0")], manualClock(now));
        const matching = entries.filter(
          ({ bits: base, prefix, until }) =>
            wanted.slice(0, prefix) === base.slice(0, prefix) && (until === null || now < until),
        );
        const longest = matching.reduce((most, { prefix }) => Math.max(most, prefix), -1);
        const found = bans.ofAddress(address(textOf(wanted)));
        assert.equal(found === null ? -1 : Number(found.network.split("/")[1]), longest);
        assert.equal(bans.ofAddress(address("203.0.113.7"))?.network, "0.0.0.0/0");
      },
    ),
    { numRuns: 500 },
  );
});

test("a hundred thousand bans are looked up in a handful of comparisons", () => {
  const bans = bansOf(
    Array.from({ length: 100_000 }, (_, i) => network(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`)),
  );
  assert.equal(bans.stats().networks, 100_000);
  assert.ok(bans.ofAddress(address("10.1.134.159")));
  assert.equal(bans.ofAddress(address("10.1.134.160")), null);
});

test("a look-up compares no more than a binary search and one step per bit", () => {
  let read = 0;
  const counted = Array.from({ length: 100_000 }, (_, i) => {
    const first = String.fromCharCode(i >> 8, (i & 255) << 8);
    const last = String.fromCharCode(i >> 8, ((i & 255) << 8) | 255);
    return {
      prefix: 24,
      last,
      until: 0,
      get first() {
        read += 1;
        return first;
      },
    };
  });
  const table = new NetworkTable(counted);
  read = 0;
  assert.equal(table.find(String.fromCharCode(200, 513), 1), null);
  assert.ok(read <= 17, `${read} reads`);
});

test("the edge refuses a banned client before anything else is looked at", () => {
  const bans = bansOf([network("198.51.100.0/24")]);
  const edge = createEdge({ preset: "api", bans });
  const refused = edge.admit(facts({ target: "no path" })) as Exchange;
  assert.equal(refused.code, "banned");
  const answer = edge.answer(refused);
  assert.equal(answer.status, 403);
  assert.doesNotMatch(answer.body, /abuse|198\.51/);
  const other = edge.admit(facts({ peer: "203.0.113.1" })) as Exchange;
  assert.equal(other.verdict, "pass");
  bans.replace({ networks: [], users: [] });
  assert.equal((edge.admit(facts()) as Exchange).verdict, "pass");
});
