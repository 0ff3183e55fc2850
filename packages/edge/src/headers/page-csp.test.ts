import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { test } from "node:test";
import type { CspEvaluator as Evaluator } from "csp_evaluator/dist/evaluator.js";
import fc from "fast-check";
import { facts } from "../../test/facts.ts";
import { createEdge } from "../edge.ts";
import type { Exchange } from "../exchange.ts";
import { clearSiteData } from "./clear-site-data.ts";
import { type CspDirectives, compileCsp, renderCsp } from "./csp.ts";
import { cspHash, GOOGLE_CONSENT_SOURCES, mergeCsp, pageCsp, STRIPE_SOURCES } from "./page-csp.ts";

const require = createRequire(import.meta.url);
const { CspEvaluator } = require("csp_evaluator/dist/evaluator.js") as { CspEvaluator: typeof Evaluator };
const { CspParser } = require("csp_evaluator/dist/parser.js");
const INFORMATIONAL = 60;

const NONCE_TEXT = "c2VjcmV0IG5vbmNlIG9mIDE4";
const text = (directives: CspDirectives) => renderCsp(compileCsp(directives), NONCE_TEXT);

function findings(policy: string): string[] {
  return new CspEvaluator(new CspParser(policy).csp)
    .evaluate()
    .filter(({ severity }) => severity < INFORMATIONAL)
    .map(({ description, directive }) => `${directive}: ${description}`);
}

test("the judge sees what is wrong", () => {
  assert.notDeepEqual(findings("script-src 'self' https://*.googletagmanager.com"), []);
  assert.notDeepEqual(findings("default-src 'none'; script-src 'unsafe-inline'; base-uri 'none'"), []);
});

test("Google's evaluator finds nothing above informational in a preset or a page's policy", async () => {
  const hash = await cspHash("start()");
  for (const preset of ["strict", "api"] as const) {
    const edge = createEdge({ preset });
    const headers = edge.headers(edge.admit(facts()) as Exchange);
    assert.deepEqual(findings(headers[headers.indexOf("Content-Security-Policy") + 1] as string), [], preset);
  }
  const allow = [STRIPE_SOURCES, GOOGLE_CONSENT_SOURCES];
  assert.deepEqual(findings(text(pageCsp({ scripts: "nonce", allow }))), []);
  assert.deepEqual(findings(text(pageCsp({ scripts: [hash], allow }))), []);
  assert.deepEqual(findings(text(pageCsp({ scripts: [hash], strictDynamic: false }))), []);
});

test("scripts are trusted by nonce or by hash, with or without what they load", () => {
  assert.match(text(pageCsp({ scripts: "nonce" })), /script-src 'nonce-c2Vj\S+' 'strict-dynamic';/);
  const hash = `'sha256-${"A".repeat(43)}='`;
  assert.ok(
    text(pageCsp({ scripts: [hash], strictDynamic: false })).includes(`script-src ${hash}; style-src`),
  );
  assert.throws(() => pageCsp({ scripts: [] }), TypeError);
});

test("a hash is the one a browser computes over the same bytes", async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: "grapheme" }), async (content) => {
      const expected = createHash("sha256").update(content, "utf8").digest("base64");
      assert.equal(await cspHash(content), `'sha256-${expected}'`);
    }),
    { numRuns: 50 },
  );
});

test("source lists add up, and 'none' goes when something is allowed", () => {
  const merged = mergeCsp({ "img-src": ["'none'"], "font-src": ["'self'"] }, STRIPE_SOURCES, {
    "font-src": ["'self'"],
    "upgrade-insecure-requests": true,
  });
  assert.deepEqual(merged["img-src"], ["https://*.stripe.com"]);
  assert.deepEqual(merged["font-src"], ["'self'"]);
  assert.equal(merged["upgrade-insecure-requests"], true);
});

test("a policy on trial goes out beside the one that is enforced, with the same nonce", () => {
  const edge = createEdge({
    preset: "strict",
    headers: { cspReportOnly: { ...pageCsp({ scripts: "nonce" }), "report-to": ["csp"] } },
  });
  const exchange = edge.admit(facts()) as Exchange;
  const headers = edge.headers(exchange);
  const onTrial = headers[headers.indexOf("Content-Security-Policy-Report-Only") + 1] as string;
  const enforced = headers[headers.indexOf("Content-Security-Policy") + 1] as string;
  assert.ok(onTrial.includes(`'nonce-${exchange.nonce}'`) && onTrial.endsWith("report-to csp"));
  assert.ok(enforced.includes(`'nonce-${exchange.nonce}'`));
  assert.ok(edge.owns("content-security-policy-report-only"));
  assert.throws(
    () => createEdge({ preset: "strict", headers: { cspReportOnly: { "script-src": ["a;b"] } } }),
    /headers\.cspReportOnly/,
  );
});

test("a sign-out tells the browser what to forget", () => {
  assert.deepEqual(clearSiteData(), ["Clear-Site-Data", '"cache", "cookies", "storage"']);
  assert.deepEqual(clearSiteData(["storage"]), ["Clear-Site-Data", '"storage"']);
  assert.throws(() => clearSiteData([]), TypeError);
});
