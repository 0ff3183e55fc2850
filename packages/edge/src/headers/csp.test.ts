import assert from "node:assert/strict";
import { test } from "node:test";
import { codePoint } from "@rempart/testing/code-point";
import fc from "fast-check";
import { type CspDirectives, compileCsp, NONCE, needsNonce, renderCsp, unsafeSources } from "./csp.ts";

const HASH = `'sha256-${"A".repeat(43)}='`;

test("directives become the header's value, in order", () => {
  const csp = compileCsp({
    "default-src": ["'none'"],
    "script-src": ["'self'", HASH],
    "connect-src": ["'self'", "wss://app.example.com"],
    "upgrade-insecure-requests": true,
    "require-trusted-types-for": ["'script'"],
    "trusted-types": ["app#worker", "'allow-duplicates'"],
  });
  assert.equal(
    renderCsp(csp, ""),
    `default-src 'none'; script-src 'self' ${HASH}; connect-src 'self' wss://app.example.com; upgrade-insecure-requests; require-trusted-types-for 'script'; trusted-types app#worker 'allow-duplicates'`,
  );
  assert.ok(!needsNonce(csp));
});

test("a nonce goes everywhere it is named", () => {
  const csp = compileCsp({ "script-src": [NONCE, "'strict-dynamic'"], "style-src": [NONCE] });
  assert.ok(needsNonce(csp));
  assert.equal(
    renderCsp(csp, "bm9uY2U="),
    "script-src 'nonce-bm9uY2U=' 'strict-dynamic'; style-src 'nonce-bm9uY2U='",
  );
});

test("what is not of the grammar is refused at start", () => {
  const refused: CspDirectives[] = [
    { "script-src": [] },
    { "script-src": ["'self'; script-src *"] },
    { "script-src": ["'self',"] },
    { "script-src": ["self "] },
    { "script-src": ["'none'", "'self'"] },
    { "script-src": ["'nonce-static'"] },
    { "script-src": ["'sha256-short'"] },
    { "script-src": ["https://a.test/?q"] },
    { "img-src": ["\r\nX-Evil: 1"] },
    { "trusted-types": ["a;b"] },
    { "no-such-src": ["'self'"] } as CspDirectives,
  ];
  for (const directives of refused) {
    assert.throws(() => compileCsp(directives), TypeError, JSON.stringify(directives));
  }
});

test("no source can end its directive, add another or break the header", () => {
  fc.assert(
    fc.property(fc.string({ unit: codePoint, maxLength: 60 }), (source) => {
      let value: string;
      try {
        value = renderCsp(compileCsp({ "script-src": [source] }), "n");
      } catch (error) {
        assert.ok(error instanceof TypeError);
        return;
      }
      assert.match(value, /^script-src [\x21-\x2b\x2d-\x3a\x3c-\x7e]+$/);
    }),
    { numRuns: 2000 },
  );
});

test("sources that undo a policy are found", () => {
  assert.deepEqual(unsafeSources({ "script-src": ["'self'", "'unsafe-inline'"], "img-src": ["*"] }), [
    "script-src 'unsafe-inline'",
    "img-src *",
  ]);
  assert.deepEqual(unsafeSources({ "script-src": ["'self'", "'wasm-unsafe-eval'"] }), []);
});
