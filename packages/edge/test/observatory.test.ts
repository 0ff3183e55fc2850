/**
 * Mozilla's Observatory scores what the edge really sends, with its own code (`test/observatory`, installed apart with
 * `npm ci` there). Its list of preloaded sites is a download; we are on no such list, so an empty one says the same.
 */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";
import type { Exchange } from "../src/exchange.ts";
import { createEdge, type EdgeConfig } from "../src/index.ts";
import { facts } from "./facts.ts";

const home = new URL("./observatory/node_modules/@mdn/mdn-http-observatory/", import.meta.url);
const skip = existsSync(home)
  ? false
  : "Mozilla's Observatory is not installed: npm ci in packages/edge/test/observatory";
if (skip !== false && process.env.REMPART_REQUIRE_SERVICES === "1") throw new Error(skip);

interface Result {
  readonly result: string | null;
  readonly constructor: { readonly name: string };
}

interface Observatory {
  readonly tests: readonly ((requests: object) => Result)[];
  readonly requests: new (
    host: string,
  ) => { responses: Record<string, unknown>; resources: { path: string }; session: object };
  modifier(result: string | null): number;
}

async function openObservatory(): Promise<Observatory> {
  const list = new URL("conf/hsts-preload.json", home);
  mkdirSync(new URL("conf/", home), { recursive: true });
  if (!existsSync(list)) writeFileSync(list, "{}");
  const load = (path: string) => import(new URL(path, home).href);
  const [{ ALL_TESTS }, { Requests }, { getScoreModifier }] = await Promise.all(
    ["src/constants.js", "src/types.js", "src/grader/grader.js"].map(load),
  );
  return { tests: ALL_TESTS, requests: Requests, modifier: getScoreModifier };
}

const HOST = "app.example.com";
const SCRIPT =
  '<script src="/app.js" integrity="sha384-oqVuAfXRKap7fdgcCY5uykM6+R9GqQ8K/uxy9rx7HNQlGYl1kPzQho1wx4JwY8wC"></script>';

interface Page {
  readonly config: EdgeConfig;
  readonly own: Readonly<Record<string, string>>;
  readonly body: string;
}

async function answer(edge: ReturnType<typeof createEdge>, given: Parameters<typeof facts>[0]) {
  const exchange = (await edge.admit(facts(given))) as Exchange;
  if (exchange.verdict === "pass") return { status: 200, headers: edge.headers(exchange) };
  return edge.answer(exchange);
}

/** What Observatory's retriever hands to its tests, from an edge asked over http, over https and from another site. */
async function visit({ requests: Requests }: Observatory, { config, own, body }: Page): Promise<object> {
  const edge = createEdge({ ...config, hosts: [HOST], httpsOnly: true });
  const foreign = { host: HOST, origin: "https://http-observatory.security.mozilla.org" };
  const secure = await response(await answer(edge, { encrypted: true, headers: { host: HOST } }), own);
  const clear = await answer(edge, { encrypted: false, headers: { host: HOST } });
  const cors = await answer(edge, {
    method: "OPTIONS",
    encrypted: true,
    headers: { ...foreign, "access-control-request-method": "GET" },
  });
  assert.equal(clear.status, 308);
  const location = clear.headers[clear.headers.indexOf("Location") + 1] as string;
  const requests = new Requests(HOST);
  requests.responses = {
    auto: secure,
    https: secure,
    http: secure,
    cors: { ...(await response(cors, {})), request: { headers: foreign } },
    httpRedirects: [
      { url: new URL(`http://${HOST}/`), status: 308 },
      { url: new URL(location), status: 200 },
    ],
    httpsRedirects: [],
  };
  requests.resources.path = body;
  requests.session = { url: new URL(`https://${HOST}/`), jar: await cookieJar(own["set-cookie"]) };
  return requests;
}

async function cookieJar(cookie: string | undefined): Promise<object> {
  const { CookieJar } = createRequire(new URL("package.json", home))("tough-cookie");
  const jar = new CookieJar();
  if (cookie !== undefined) await jar.setCookie(cookie, `https://${HOST}/`);
  return jar;
}

async function response(
  { status, headers }: { status: number; headers: readonly string[] },
  own: Readonly<Record<string, string>>,
) {
  const fields: Record<string, string> = { ...own };
  for (let i = 0; i < headers.length; i += 2)
    fields[(headers[i] as string).toLowerCase()] = headers[i + 1] as string;
  const get = { value: (name: string) => fields[name.toLowerCase()] };
  return { status, headers: Object.defineProperty(fields, "get", get), verified: true, httpEquiv: new Map() };
}

/** As Observatory's scanner adds it up: extra credit counts from 90 points on. */
async function score(page: Page): Promise<{ score: number; results: Record<string, string | null> }> {
  const observatory = await openObservatory();
  const requests = await visit(observatory, page);
  const results = observatory.tests.map((judge) => judge(requests));
  const modifiers = results.map(({ result }) => observatory.modifier(result));
  const plain = modifiers.filter((points) => points < 0).reduce((sum, points) => sum + points, 100);
  const full = modifiers.reduce((sum, points) => sum + points, 100);
  const byTest = Object.fromEntries(results.map((result) => [result.constructor.name, result.result]));
  return { score: plain >= 90 ? full : plain, results: byTest };
}

const COOKIE = "__Host-session=abc; Path=/; Secure; HttpOnly; SameSite=Strict";

/** Every bonus but the five points for being on browsers' preload lists: what is left to reach without registering anywhere. */
async function ceiling(): Promise<number> {
  const { tests } = await openObservatory();
  const { getScoreModifier } = await import(new URL("src/grader/grader.js", home).href);
  assert.equal(tests.length, 10, "Observatory has tests this one does not know");
  const bonuses = [
    "csp-implemented-with-no-unsafe-default-src-none",
    "cookies-secure-with-httponly-sessions-and-samesite",
    "referrer-policy-private",
    "sri-implemented-and-all-scripts-loaded-securely",
    "x-frame-options-implemented-via-csp",
    "corp-implemented-with-same-origin",
  ];
  return bonuses.reduce((sum, name) => sum + getScoreModifier(name), 100);
}

test("strict reaches the highest score without preload registration", { skip }, async () => {
  const page = {
    config: { preset: "strict" } as const,
    own: { "content-type": "text/html", "set-cookie": COOKIE },
    body: SCRIPT,
  };
  const { score: reached, results } = await score(page);
  assert.equal(reached, await ceiling(), JSON.stringify(results));
});

test("api scores at least 130", { skip }, async () => {
  const { score: reached, results } = await score({
    config: { preset: "api" },
    own: { "content-type": "application/json" },
    body: "{}",
  });
  assert.ok(reached >= 130, `${reached}: ${JSON.stringify(results)}`);
});

test("Observatory takes points off for what the presets prevent", { skip }, async () => {
  const weak = { preset: "development", headers: { frameOptions: false, csp: false } } as const;
  const { score: reached } = await score({
    config: weak,
    own: { "content-type": "text/html" },
    body: SCRIPT,
  });
  assert.ok(reached < 90, String(reached));
});
