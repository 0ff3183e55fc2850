import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { until } from "@rempart/testing";
import { rempart, workplace } from "./cli.ts";
import { here } from "./here.ts";

test("one flag puts the edge in front of a service; a signal lets what is under way end", async () => {
  await using place = await workplace();
  let release = (): void => {};
  const service = createServer((request, response) => {
    if (request.url !== "/slow") response.end(request.headers["x-forwarded-for"]);
    else release = () => void response.end("whole");
  });
  service.listen(0, "127.0.0.1");
  await once(service, "listening");
  writeFileSync(join(place.cwd, "gateway.json"), JSON.stringify({ admin: false, edge: { preset: "api" } }));
  const upstream = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
  const cli = rempart(["gateway", "--upstream", upstream, "--config", "gateway.json", "--port", "0"], place);
  const address = await cli.serving();

  const answer = await fetch(`${address}/hello?token=secret`);
  assert.equal(await answer.text(), "127.0.0.1");
  assert.equal(answer.headers.get("x-content-type-options"), "nosniff");
  const asked = once(service, "request");
  const slow = fetch(`${address}/slow`);
  await asked;
  cli.child.kill("SIGTERM");
  await until(() => cli.logged().includes("SIGTERM"));
  release();
  assert.equal(await (await slow).text(), "whole");
  assert.equal(await cli.ended, 0);
  assert.match(cli.logged(), /"path":"\/hello","route":"everything","status":200/);
  assert.doesNotMatch(cli.logged(), /token=secret/);
  service.close();
});

test("a wrong configuration ends it with 78, names the field and starts nothing", async () => {
  await using place = await workplace();
  writeFileSync(
    join(place.cwd, "gateway.json"),
    JSON.stringify({ listen: { port: "x" }, routes: [{ name: "a", path: "/*", upstream: "nobody" }] }),
  );
  for (const [args, expected] of [
    [["--config", "gateway.json"], /listen\.port:/],
    [["--config", "missing.json"], /missing\.json: /],
    [[], /routes: /],
    [["--upstream", "ftp://a"], /upstreams\.default\.targets\[0\]: /],
  ] as const) {
    const { code, said } = await here(["gateway", ...args], {}, place.cwd);
    assert.equal(code, 78);
    assert.match(said, expected);
    assert.doesNotMatch(said, /\n\s+at /);
  }
});
