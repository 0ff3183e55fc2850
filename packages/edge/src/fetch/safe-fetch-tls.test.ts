/** Over real TLS: the address is pinned, and the name is what is asked for and what the certificate must say. */
import assert from "node:assert/strict";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import type { TLSSocket } from "node:tls";
import { testCertificate } from "@rempart/testing";
import { EdgeError } from "../errors.ts";
import { createSafeFetch, type SafeFetchOptions } from "./safe-fetch.ts";

const good = testCertificate(["good.example", "other.example"]);
const asked: { name: string | false | null; host: string | undefined }[] = [];
let server: Server;
let port = 0;

before(async () => {
  server = createServer({ key: good.key, cert: good.certificate }, (request, response) => {
    asked.push({ name: (request.socket as TLSSocket).servername ?? null, host: request.headers.host });
    if (request.url === "/away") response.writeHead(302, { Location: `https://bad.example:${port}/` }).end();
    else if (request.url === "/plain")
      response.writeHead(302, { Location: `http://good.example:${port}/` }).end();
    else response.end("ok");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  port = (server.address() as AddressInfo).port;
});
after(() => {
  server.close();
  server.closeAllConnections();
});

const fetchSafely = (more: SafeFetchOptions = {}) =>
  createSafeFetch({
    schemes: ["http", "https"],
    ports: [port],
    unsafeAllow: ["loopback"],
    resolve: async () => ["127.0.0.1"],
    ca: good.certificate,
    ...more,
  });

/** What stopped it: the code of ours, then that of TLS. */
async function failure(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof EdgeError, String(error));
  const cause = error.cause as { code?: string } | undefined;
  return `${error.code} ${cause?.code ?? error.details.reason}`;
}

test("the pinned address is asked for the name, in the handshake and in Host", async () => {
  const response = await fetchSafely()(`https://good.example:${port}/`);
  assert.equal(new TextDecoder().decode(response.body), "ok");
  await fetchSafely()(`https://other.example:${port}/`);
  assert.deepEqual(asked, [
    { name: "good.example", host: `good.example:${port}` },
    { name: "other.example", host: `other.example:${port}` },
  ]);
});

test("a certificate of another name is refused, however it is reached", async () => {
  const wrongName = "fetch-failed ERR_TLS_CERT_ALTNAME_INVALID";
  const count = asked.length;
  assert.equal(await failure(fetchSafely()(`https://bad.example:${port}/`)), wrongName);
  assert.equal(await failure(fetchSafely()(`https://127.0.0.1:${port}/`)), wrongName);
  assert.equal(asked.length, count, "nothing was said to it");
  assert.equal(await failure(fetchSafely()(`https://good.example:${port}/away`)), wrongName);
});

test("a certificate nobody vouches for is refused: the platform's authorities do not know this one, nor does another", async () => {
  const { certificate: other } = testCertificate(["good.example"]);
  const platform = createSafeFetch({
    ports: [port],
    unsafeAllow: ["loopback"],
    resolve: async () => ["127.0.0.1"],
  });
  for (const ask of [platform, fetchSafely({ ca: [] }), fetchSafely({ ca: other })])
    assert.match(await failure(ask(`https://good.example:${port}/`)), /^fetch-failed .*SELF_SIGNED_CERT/);
});

test("https is not left for http", async () => {
  assert.equal(await failure(fetchSafely()(`https://good.example:${port}/plain`)), "fetch-refused scheme");
});
