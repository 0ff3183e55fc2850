import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { canonicalPath, compilePath } from "./routes.ts";

test("a plain path is its own canonical form, without its query", () => {
  for (const path of ["/", "/a", "/api/v1/users", "/a.b/c-d_e~f"]) {
    assert.equal(canonicalPath(path), path);
    assert.equal(canonicalPath(`${path}?x=/../y`), path);
  }
});

test("every spelling of a path is one path", () => {
  for (const target of [
    "/metrics/",
    "//metrics",
    "/./metrics",
    "/a/../metrics",
    "/%6detrics",
    "/%6D%65trics",
    "/a/%2e%2e/metrics",
    "/..%2fmetrics",
    "/metrics/.",
    "/metrics//",
    "/../../metrics",
  ]) {
    assert.equal(canonicalPath(target), "/metrics", target);
  }
});

test("targets that two parsers could read differently are refused", () => {
  for (const target of [
    "",
    "*",
    "metrics",
    "http://a/metrics",
    "/a\\b",
    "/a%5cb",
    "/a b",
    "/a#b",
    "/%",
    "/%zz",
    "/%ff",
    "/%00",
    "/a\u00e9",
    "/%0d%0a",
  ]) {
    assert.equal(canonicalPath(target), null, target);
  }
});

test("canonical form is absolute, without empty, dot or trailing segments", () => {
  const target = fc.string({ unit: fc.constantFrom(..."/.%2e5cfab?\\ 0"), maxLength: 40 });
  fc.assert(
    fc.property(target, (rest) => {
      const path = canonicalPath(`/${rest}`);
      if (path === null) return;
      assert.ok(path.startsWith("/"));
      if (path === "/") return;
      for (const segment of path.slice(1).split("/")) assert.ok(!["", ".", ".."].includes(segment), path);
    }),
    { numRuns: 3000 },
  );
});

test("patterns: exact, everything under, parameters", () => {
  const under = compilePath("/api/*");
  assert.ok(under("/api") && under("/api/x") && under("/api/x/y"));
  assert.ok(!under("/apix") && !under("/"));
  const parameters = compilePath("/users/:id/posts/:post");
  assert.ok(parameters("/users/1/posts/2"));
  assert.ok(!parameters("/users/1/posts") && !parameters("/users/1/posts/2/x"));
  const open = compilePath("/users/:id/*");
  assert.ok(open("/users/1") && open("/users/1/x/y") && !open("/users"));
  assert.ok(compilePath("/*")("/anything"));
  assert.ok(compilePath("/a")("/a") && !compilePath("/a")("/a/b"));
  for (const pattern of ["", "a", "/a*", "/*/b", "/*/*", "/:a/*/b"]) {
    assert.throws(() => compilePath(pattern), TypeError, pattern);
  }
});
