import assert from "node:assert/strict";
import { test } from "node:test";
import { GatewayError } from "../errors.ts";
import { readGatewayConfig } from "./read.ts";

const minimal = {
  upstreams: { api: { targets: ["http://127.0.0.1:3000"] } },
  routes: [{ name: "all", path: "/*", upstream: "api" }],
};

test("what has a default may be left out", () => {
  const settings = readGatewayConfig(minimal);
  assert.equal(settings.edge.preset, "strict");
  assert.equal(settings.upstreams.api?.timeouts.connectMs, 2000);
  assert.equal(settings.listen.host, "127.0.0.1");
});

test("a wrong field is named, in words, and every one of them at once", () => {
  const wrong: [config: unknown, fields: string[]][] = [
    [{ ...minimal, lisen: {} }, ["lisen"]],
    [{ ...minimal, listen: { port: 70_000 } }, ["listen.port"]],
    [{ ...minimal, upstreams: { api: { targets: ["http://a/path"] } } }, ["upstreams.api.targets[0]"]],
    [{ ...minimal, upstreams: { api: { targets: ["http://user@a"] } } }, ["upstreams.api.targets[0]"]],
    [{ ...minimal, upstreams: { api: { targets: [] } } }, ["upstreams.api.targets"]],
    [{ ...minimal, routes: [{ name: "all", path: "/*", upstream: "other" }] }, ["routes[0].upstream"]],
    [{ ...minimal, routes: [{ name: "all", path: "/*" }] }, ["routes[0].upstream"]],
    [{ ...minimal, routes: [...minimal.routes, ...minimal.routes] }, ["routes[1].name"]],
    [
      { ...minimal, routes: [{ ...minimal.routes[0], keep: ["strict-transport-security"] }] },
      ["routes[0].keep[0]"],
    ],
    [{ ...minimal, routes: [{ ...minimal.routes[0], path: "/a/*/b" }] }, ["routes[0].path"]],
    [{ ...minimal, edge: { httpsOnly: true } }, ["edge.httpsOnly"]],
    [{ ...minimal, edge: { proxies: { hops: 99 } } }, ["edge.proxies.hops"]],
    [{ ...minimal, edge: { cors: { origins: ["*"], credentials: true } } }, ["edge.cors.credentials"]],
    [{ ...minimal, traces: { endpoint: "ftp://a", ratio: 2 } }, ["traces.endpoint", "traces.ratio"]],
    [{ ...minimal, log: { level: "loud" } }, ["log.level"]],
    [{ ...minimal, admin: { port: -1 }, drain: { delayMs: -1 } }, ["admin.port", "drain.delayMs"]],
  ];
  for (const [config, fields] of wrong) {
    assert.throws(
      () => readGatewayConfig(config),
      (error) => {
        assert.ok(error instanceof GatewayError && error.code === "invalid-configuration");
        assert.deepEqual(error.details.fields, fields);
        for (const field of fields) assert.ok(error.message.includes(field));
        return true;
      },
    );
  }
});
