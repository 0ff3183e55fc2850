import assert from "node:assert/strict";
import { test } from "node:test";
import { facts } from "../../test/facts.ts";
import { clientReader } from "./client.ts";

test("without trusted proxies every forwarding header is ignored", () => {
  const read = clientReader(undefined);
  const headers = { "x-forwarded-for": "6.6.6.6", forwarded: "for=6.6.6.6", "x-forwarded-proto": "https" };
  assert.deepEqual(read(facts({ peer: "198.51.100.7", headers })), {
    address: { text: "198.51.100.7", key: "198.51.100.7" },
    scheme: "http",
  });
});

test("only the configured header is read", () => {
  const headers = { "x-forwarded-for": "6.6.6.6", forwarded: "for=203.0.113.9;proto=https" };
  const read = clientReader({ hops: 1, header: "forwarded" });
  const client = read(facts({ peer: "10.0.0.1", headers }));
  assert.equal(client.address.text, "203.0.113.9");
  assert.equal(client.scheme, "https");
});

test("a claim that is no address falls back to the connection", () => {
  const read = clientReader({ hops: 1 });
  for (const claim of ["unknown", "", "<script>", "1.2.3.4.5"]) {
    const client = read(facts({ peer: "10.0.0.1", headers: { "x-forwarded-for": claim } }));
    assert.equal(client.address.text, "10.0.0.1", claim);
  }
  assert.equal(read(facts({ peer: "10.0.0.1" })).address.text, "10.0.0.1");
  assert.equal(read(facts({ peer: "" })).address.key, "unknown");
});

test("a scheme is believed only when it is one", () => {
  const read = clientReader({ hops: 1 });
  const scheme = (proto: string) =>
    read(facts({ peer: "10.0.0.1", headers: { "x-forwarded-proto": proto } })).scheme;
  assert.equal(scheme("HTTPS"), "https");
  assert.equal(scheme("evil, http"), "http");
  assert.equal(scheme("javascript"), null);
  assert.equal(clientReader(undefined)(facts({ encrypted: true })).scheme, "https");
});

test("more distinct addresses than are remembered are still read right", () => {
  const read = clientReader(undefined);
  for (let i = 0; i < 10_000; i += 1) {
    const peer = `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`;
    assert.equal(read(facts({ peer })).address.text, peer);
  }
});
