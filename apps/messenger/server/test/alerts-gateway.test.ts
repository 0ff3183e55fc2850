/** What happens to a gateway in front and to the services behind it, in minutes that pass at once. */
import { type ChildProcess, spawn } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { Agent, request } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { freePort, testCertificate, until } from "@rempart/testing";
import { watchedMessenger } from "./support/watched.ts";

const COMMAND = fileURLToPath(new URL("../../../cli/src/main.ts", import.meta.url));
const WATCH_MS = 50;
const folder = mkdtempSync(join(tmpdir(), "alerts-gateway-"));
const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
after(() => rmSync(folder, { recursive: true, force: true }));

/** Answers when it ends, in seconds. */
function certify(days: number): number {
  const made = testCertificate(["localhost"], days);
  writeFileSync(cert, made.certificate);
  writeFileSync(key, made.key);
  return new X509Certificate(made.certificate).validToDate.getTime() / 1000;
}

/** `health` is what its checks are answered, `pages` everything else. */
async function startService() {
  const status = { health: 200, pages: 200 };
  const server = createServer(({ url }, response) => {
    response.writeHead(url === "/health" ? status.health : status.pages).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  after(() => server.close().closeAllConnections());
  return { status, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

interface GatewayInFront {
  readonly metrics: string;
  /** Asks it so many times for a page. */
  ask(times: number): Promise<void>;
}

async function startGateway(targets: readonly string[]): Promise<GatewayInFront> {
  const [port, adminPort] = [await freePort(), await freePort()];
  const config = join(folder, "gateway.json");
  const settings = {
    listen: { port, tls: { cert, key, watchMs: WATCH_MS } },
    admin: { port: adminPort },
    edge: { preset: "api", rateLimit: false },
    upstreams: {
      pages: {
        targets,
        health: { path: "/health", intervalMs: WATCH_MS, falls: 1, rises: 1 },
        breaker: { openMs: WATCH_MS },
      },
    },
    routes: [{ name: "pages", path: "/*", upstream: "pages" }],
  };
  writeFileSync(config, JSON.stringify(settings));
  const child: ChildProcess = spawn(process.execPath, [COMMAND, "gateway", "--config", config], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  after(() => child.kill("SIGKILL"));
  await once(child.stderr as NonNullable<typeof child.stderr>, "data");
  const agent = new Agent({ keepAlive: true, rejectUnauthorized: false });
  after(() => agent.destroy());
  const askOnce = async (): Promise<void> => {
    const sent = request({ host: "127.0.0.1", port, agent }).end();
    const [response] = await once(sent, "response");
    await response.resume().toArray();
  };
  return {
    metrics: `http://127.0.0.1:${adminPort}/metrics`,
    async ask(times) {
      for (let i = 0; i < times; i += 1) await askOnce();
    },
  };
}

test("a certificate that runs out, a service that fails, and one that is gone are told through the gateway's page", async () => {
  certify(10);
  const [one, other] = [await startService(), await startService()];
  const gateway = await startGateway([one.url, other.url]);
  await using watched = await watchedMessenger({ env: { MONITOR_TARGETS: `gateway=${gateway.metrics}` } });
  const { watch, told } = watched;
  const shows = (line: string) =>
    until(async () => (await (await fetch(gateway.metrics)).text()).includes(line));
  await watch.pass(60, 5);
  await told("CertificateExpiring", "firing", { stepMinutes: 5, most: 120 });
  const endsAt = certify(90);
  await shows(`gateway_certificate_expires_timestamp_seconds ${endsAt}`);
  await told("CertificateExpiring", "resolved");

  const each = () => gateway.ask(12);
  one.status.pages = 500;
  await told("GatewayUpstreamErrors", "firing", { each });
  one.status.pages = 200;
  await told("GatewayUpstreamErrors", "resolved", { each });

  one.status.health = 503;
  await shows(`gateway_target_up{upstream="pages",target="${one.url}"} 0`);
  await told("GatewayTargetDown", "firing");
  other.status.health = 503;
  await shows(`gateway_target_up{upstream="pages",target="${other.url}"} 0`);
  await told("GatewayUpstreamDown", "firing");
  one.status.health = 200;
  other.status.health = 200;
  await shows(`gateway_target_up{upstream="pages",target="${one.url}"} 1`);
  await shows(`gateway_target_up{upstream="pages",target="${other.url}"} 1`);
  await told("GatewayTargetDown", "resolved");
  await told("GatewayUpstreamDown", "resolved");

  one.status.pages = 503;
  other.status.pages = 503;
  await told("GatewayCircuitOpen", "firing", { each });
  one.status.pages = 200;
  other.status.pages = 200;
  await told("GatewayCircuitOpen", "resolved", { each });
});
