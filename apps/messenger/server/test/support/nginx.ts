import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { Agent, request } from "node:https";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { freePort, startNginx, testCertificate } from "@rempart/testing";

const OPS = new URL("../../../../../ops/nginx/", import.meta.url);
const SNIPPETS = ["tls", "server", "problems"].map((name) => `snippets/rempart-${name}.conf`);

export const SITE = "secure-messenger.app";
export const API = "api.secure-messenger.app";

export interface ProxyOptions {
  /** Port of the server on loopback. */
  readonly upstream: number;
  /** Lines of the `http` block before the site's. */
  readonly before?: string;
}

export interface TestProxy extends AsyncDisposable {
  readonly port: number;
  readonly plainPort: number;
  /** The certificate, for clients to trust. */
  readonly ca: string;
  ask(path: string, options?: Ask): Promise<Reply>;
  /** The access log as far as it is written. */
  log(): string;
}

export interface Ask {
  readonly host?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** The configuration as it is shipped, in front of a server; only addresses and places are of this machine. */
export async function startProxy({ upstream, before = "" }: ProxyOptions): Promise<TestProxy> {
  const [port, plainPort] = [await freePort(), await freePort()];
  const { certificate, key } = testCertificate([SITE, API]);
  const nginx = await startNginx({
    http: before + localised(read("secure-messenger.conf"), port, plainPort, upstream),
    files: {
      ...Object.fromEntries(SNIPPETS.map((path) => [path, placed(read(path))])),
      "live/fullchain.pem": certificate,
      "live/privkey.pem": key,
    },
  });
  const agent = new Agent({ keepAlive: false, ca: certificate });
  return {
    port,
    plainPort,
    ca: certificate,
    ask: (path, options = {}) => ask(agent, port, path, options),
    log: () => readFileSync(join(nginx.directory, "secure-messenger.log"), "utf8"),
    [Symbol.asyncDispose]: nginx.stop,
  };
}

function read(path: string): string {
  return readFileSync(new URL(path, OPS), "utf8");
}

function localised(site: string, port: number, plainPort: number, upstream: number): string {
  // A machine of continuous integration may have no IPv6.
  const v4 = site.replaceAll(/^ *listen \[::\]:.*\n/gm, "");
  return [
    [/listen 443 /g, `listen 127.0.0.1:${port} `],
    [/listen 80\b/g, `listen 127.0.0.1:${plainPort}`],
    [/server 127\.0\.0\.1:3000 /g, `server 127.0.0.1:${upstream} `],
    [/\/etc\/letsencrypt\/live\/[a-z.-]+\//g, "live/"],
    [/\/var\/www\/letsencrypt/g, "www"],
  ].reduce((text, [pattern, ours]) => replaced(text, pattern as RegExp, ours as string), v4);
}

function placed(snippet: string): string {
  return snippet.replaceAll("/var/log/nginx/", "");
}

function replaced(text: string, pattern: RegExp, ours: string): string {
  assert.match(text, new RegExp(pattern.source), "the configuration no longer says what the test replaces");
  return text.replaceAll(pattern, ours);
}

function ask(agent: Agent, port: number, path: string, options: Ask): Promise<Reply> {
  const { host = SITE, method = "GET", headers = {}, body } = options;
  const { promise, resolve, reject } = Promise.withResolvers<Reply>();
  const sent = request({
    host: "127.0.0.1",
    port,
    path,
    method,
    agent,
    servername: host,
    headers: { ...headers, host },
  });
  // A refusal may come, and the connection end, while a large body is still being sent.
  let hasAnswered = false;
  sent.on("response", (response) => {
    hasAnswered = true;
    text(response).then(
      (read) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: read }),
      reject,
    );
  });
  sent.on("error", (error) => {
    if (!hasAnswered) reject(error);
  });
  sent.end(body);
  return promise;
}
