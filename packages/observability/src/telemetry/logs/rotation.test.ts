import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import { DEPLOYMENT_ENVIRONMENTS, RETENTION_CLASSES, RETENTION_DAYS } from "./retention.ts";
import { toLogrotate, toLokiRetention } from "./rotation.ts";

test("production keeps what the program says 30 days, who asked 90 and what must be provable 365; others keep less", () => {
  assert.deepEqual(RETENTION_DAYS.production, { application: 30, access: 90, audit: 365 });
  for (const environment of ["staging", "development"] as const)
    for (const name of RETENTION_CLASSES)
      assert.ok(RETENTION_DAYS[environment][name] < RETENTION_DAYS.production[name]);
});

test("logrotate and Loki delete each class after the days declared for it", () => {
  for (const environment of DEPLOYMENT_ENVIRONMENTS) {
    const rotation = toLogrotate(environment, "/srv/log");
    const loki = parse(toLokiRetention(environment)).limits_config;
    for (const name of RETENTION_CLASSES) {
      const days = RETENTION_DAYS[environment][name];
      const stanza = rotation.slice(rotation.indexOf(`/srv/log/${name}.log {`)).split("}")[0] ?? "";
      assert.match(stanza, new RegExp(`rotate ${days}\n +maxage ${days}\n`));
      const stream = loki.retention_stream.find(
        ({ selector }: { selector: string }) => selector === `{retention="${name}"}`,
      );
      assert.equal(stream.period, `${days * 24}h`);
    }
  }
});

test("a path that would end the stanza is refused", () => {
  assert.throws(() => toLogrotate("production", "/log {\n}"), TypeError);
});
