import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createVersions, type VersionPlace } from "./versions.ts";

const VERSIONS = [
  {
    version: "1",
    deprecatedAt: Date.UTC(2026, 0, 1),
    sunsetAt: Date.UTC(2026, 6, 1),
    documentation: "https://docs.example.com/v2",
  },
  { version: "2" },
];

function choose(
  place: VersionPlace,
  target: string,
  headers: Record<string, string> = {},
  fallback?: string,
) {
  const versions = createVersions({
    versions: VERSIONS,
    place,
    ...(fallback === undefined ? {} : { fallback }),
  });
  return versions({ target, header: (name) => headers[name] });
}

test("by path, which loses its version", () => {
  const choice = choose("path", "/v2/users?x=1");
  assert.deepEqual(choice, { supported: true, version: "2", target: "/users?x=1", headers: [] });
  for (const [target, rest] of [
    ["/v2", "/"],
    ["/v2?x", "/?x"],
    ["/v2/", "/"],
  ]) {
    const found = choose("path", target as string);
    assert.ok(found.supported && found.target === rest, String(target));
  }
});

test("by header or media type, which the answer varies by", () => {
  const byHeader = choose({ header: "API-Version" }, "/users", { "api-version": " 2 " });
  assert.ok(byHeader.supported && byHeader.version === "2");
  assert.deepEqual(byHeader.headers, ["Vary", "API-Version"]);
  for (const accept of ["application/json; version=2", 'text/html, application/json;version="2";q=1']) {
    const choice = choose("media-type", "/users", { accept });
    assert.ok(choice.supported && choice.version === "2" && choice.headers.includes("Accept"), accept);
  }
});

test("what is deprecated says since when, until when and where to read on", () => {
  const choice = choose("path", "/v1/users");
  assert.ok(choice.supported);
  assert.deepEqual(choice.headers, [
    "Deprecation",
    "@1767225600",
    "Sunset",
    "Wed, 01 Jul 2026 00:00:00 GMT",
    "Link",
    '<https://docs.example.com/v2>; rel="deprecation"',
  ]);
});

test("an unsupported version is a 400 with the list; none is the fallback, if there is one", () => {
  for (const target of ["/v3/users", "/users", "/v2x", "/V2/users", "/v2%2Fusers", "/v__proto__/"]) {
    const choice = choose("path", target);
    assert.ok(!choice.supported, target);
    assert.equal(choice.problem.status, 400);
    assert.deepEqual(choice.problem.members, { supported: ["1", "2"] });
  }
  const fallback = choose("path", "/users", {}, "2");
  assert.ok(fallback.supported && fallback.version === "2" && fallback.target === "/users");
  assert.equal(choose("path", "/v9/users", {}, "2").supported, false);
});

test("versions that contradict themselves do not start", () => {
  const start = (versions: Parameters<typeof createVersions>[0]["versions"], fallback?: string) => () =>
    createVersions({ versions, place: "path", ...(fallback === undefined ? {} : { fallback }) });
  assert.throws(start([]), TypeError);
  assert.throws(start([{ version: "1" }, { version: "1" }]), TypeError);
  assert.throws(start([{ version: "1\r\n" }]), TypeError);
  assert.throws(start([{ version: "1", sunsetAt: 1 }]), TypeError);
  assert.throws(start([{ version: "1", deprecatedAt: 2, sunsetAt: 1 }]), TypeError);
  assert.throws(start([{ version: "1", documentation: 'https://x>; rel="x' }]), TypeError);
  assert.throws(start([{ version: "1" }], "2"), TypeError);
});

test("whatever arrives, what is chosen is one of ours", () => {
  const text = fc.oneof(
    fc.string(),
    fc.array(fc.constantFrom("/v1", "version=", "2", ";", ",", '"', " ")).map((parts) => parts.join("")),
  );
  fc.assert(
    fc.property(
      text,
      fc.constantFrom<VersionPlace>("path", "media-type", { header: "v" }),
      (value, place) => {
        const choice = choose(place, place === "path" ? value : "/", { accept: value, v: value });
        assert.ok(!choice.supported || ["1", "2"].includes(choice.version));
      },
    ),
  );
});
