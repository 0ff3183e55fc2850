import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { connect, createServer } from "node:tls";
import { testCertificate } from "./certificate.ts";

test("a certificate is signed by its own key, for its names, now", () => {
  const names = ["a.test", "*.b.test", `${"long-".repeat(40)}.test`] as const;
  const parsed = new X509Certificate(testCertificate(names).certificate);
  assert.ok(parsed.verify(parsed.publicKey));
  assert.ok(parsed.ca);
  assert.equal(parsed.checkHost("a.test"), "a.test");
  assert.equal(parsed.checkHost("x.b.test"), "*.b.test");
  assert.equal(parsed.checkHost("c.test"), undefined);
  assert.ok(Date.parse(parsed.validFrom) < Date.now() && Date.now() < Date.parse(parsed.validTo));
});

test("a client that trusts it accepts the server, for its names alone", async () => {
  const { certificate, key } = testCertificate(["a.test"]);
  const server = createServer({ cert: certificate, key }, (socket) => socket.end()).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const to = (servername: string) => connect({ host: "127.0.0.1", port, servername, ca: certificate });
  const trusted = to("a.test").resume();
  await once(trusted, "secureConnect");
  await assert.rejects(once(to("other.test"), "secureConnect"), /ERR_TLS_CERT_ALTNAME_INVALID|altnames/);
  server.close();
});
