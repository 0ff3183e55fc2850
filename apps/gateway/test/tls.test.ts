import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { Agent, createServer, request } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type TestCertificate, testCertificate, until } from "@rempart/testing";
import { startGateway } from "../src/index.ts";
import { bodyOf, startUpstream } from "./support.ts";

interface Files extends AsyncDisposable {
  readonly cert: string;
  readonly key: string;
  write(pair: TestCertificate): Promise<void>;
}

async function certificateFiles(pair: TestCertificate): Promise<Files> {
  const folder = await mkdtemp(join(tmpdir(), "gateway-tls-"));
  const files = {
    cert: join(folder, "cert.pem"),
    key: join(folder, "key.pem"),
    async write({ certificate, key }: TestCertificate) {
      await writeFile(files.cert, certificate);
      await writeFile(files.key, key);
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
  await files.write(pair);
  return files;
}

/** On a connection of its own, so that the handshake is the latest. */
async function statusOf(url: string, ca: string | string[]): Promise<number> {
  const sent = request(url, { ca, agent: new Agent(), servername: "localhost" }).end();
  const [answer] = (await once(sent, "response")) as [IncomingMessage];
  await bodyOf(answer);
  return answer.statusCode ?? 0;
}

test("a new certificate serves without a restart, under load; a broken one leaves the old and is told", async () => {
  const [old, renewed] = [
    testCertificate(["old.test", "localhost"]),
    testCertificate(["renewed.test", "localhost"]),
  ];
  await using files = await certificateFiles(old);
  await using upstream = await startUpstream(
    (incoming, response) => void response.end(String(incoming.headers["x-forwarded-proto"])),
  );
  const told: string[] = [];
  const log = {
    debug() {},
    warn() {},
    info: (_: object, text = "") => void told.push(text),
    error: (_: object, text = "") => void told.push(text),
    child: () => log,
  };
  const gateway = await startGateway(
    {
      listen: { port: 0, tls: { cert: files.cert, key: files.key, watchMs: 10 } },
      admin: false,
      edge: { preset: "api", rateLimit: false },
      upstreams: { service: { targets: [upstream.url] } },
      routes: [{ name: "all", path: "/*", upstream: "service" }],
    },
    { log },
  );
  await using _ = { [Symbol.asyncDispose]: () => gateway.close() };
  const both = [old.certificate, renewed.certificate];
  const serves = async (pair: TestCertificate): Promise<boolean> => {
    try {
      return (await statusOf(gateway.url, pair.certificate)) === 200;
    } catch {
      return false;
    }
  };
  let isOver = false;
  let answered = 0;
  const load = (async () => {
    while (!isOver) {
      assert.equal(await statusOf(gateway.url, both), 200);
      answered += 1;
    }
  })();

  assert.equal(await serves(old), true);
  await writeFile(files.cert, "no certificate at all");
  await until(() => told.some((text) => text.includes("the old one stays")));
  assert.equal(await serves(old), true);
  await files.write({ certificate: renewed.certificate, key: old.key });
  await until(() => told.filter((text) => text.includes("the old one stays")).length >= 2);
  assert.equal(await serves(old), true);
  await files.write(renewed);
  await until(() => told.includes("certificate replaced"));
  assert.equal(await serves(renewed), true);
  assert.equal(await serves(old), false);
  isOver = true;
  await load;
  assert.ok(answered > 0);
});

test("a broken certificate at the start is refused, naming the file", async () => {
  await using files = await certificateFiles(testCertificate(["localhost"]));
  await writeFile(files.key, testCertificate(["localhost"]).key);
  const config = {
    listen: { port: 0, tls: { cert: files.cert, key: files.key } },
    upstreams: { service: { targets: ["http://127.0.0.1:1"] } },
    routes: [{ name: "all", path: "/*", upstream: "service" }],
  };
  await assert.rejects(startGateway(config), {
    code: "invalid-certificate",
    message: new RegExp(files.cert),
  });
});

test("an https upstream is asked only when its certificate is the right one", async () => {
  const right = testCertificate(["localhost"]);
  await using files = await certificateFiles(right);
  for (const [pair, expected] of [
    [right, 200],
    [testCertificate(["localhost"]), 502],
  ] as const) {
    const upstream = createServer(
      { cert: pair.certificate, key: pair.key },
      (_, response) => void response.end(),
    );
    upstream.listen(0, "localhost");
    await once(upstream, "listening");
    const gateway = await startGateway({
      listen: { port: 0 },
      admin: false,
      upstreams: {
        service: {
          targets: [`https://localhost:${(upstream.address() as AddressInfo).port}`],
          ca: files.cert,
        },
      },
      routes: [{ name: "all", path: "/*", upstream: "service" }],
    });
    assert.equal((await fetch(gateway.url)).status, expected);
    await gateway.close();
    upstream.close();
    upstream.closeAllConnections();
  }
});
