import assert from "node:assert/strict";
import { test } from "node:test";
import { prometheusTarget } from "@rempart/observability";
import { describeConfig, RuntimeError } from "@rempart/runtime";
import { messengerVariables, readMessengerConfig } from "./config.ts";

test("without a variable the messenger runs embedded, alone and on its own ports", () => {
  const config = readMessengerConfig({});
  assert.deepEqual(config.database, { kind: "embedded", directory: ".rempart", poolSize: 20 });
  assert.equal(config.redisUrl, null);
  assert.deepEqual([config.public.port, config.admin.port, config.admin.host], [3000, 3001, "127.0.0.1"]);
  assert.deepEqual([config.limits.requests, config.limits.auth, config.limits.messages], [100, 10, 100]);
});

test("every wrong variable is named, and no secret is repeated", () => {
  const env = {
    PORT: "lots",
    RATE_LIMIT_MAX: "0",
    DATABASE_URL: "mysql://root:hunter2@localhost",
    WEBSOCKET_PATH: "ws?",
    LOG_LEVEL: "loud",
  };
  assert.throws(
    () => readMessengerConfig(env),
    (error: unknown) => {
      assert.ok(error instanceof RuntimeError && error.code === "invalid-configuration");
      for (const name of Object.keys(env)) assert.ok(error.message.includes(name), name);
      assert.ok(!error.message.includes("hunter2"));
      return true;
    },
  );
});

test("a key service is named with all it needs, and each missing variable is told", () => {
  assert.equal(readMessengerConfig({}).keys.kms, null);
  const complete = {
    aws: { AWS_REGION: "eu-west-3", AWS_KMS_KEY_ID: "alias/rempart" },
    vault: { VAULT_ADDR: "https://vault.internal:8200", VAULT_TOKEN: "hvs.x", VAULT_TRANSIT_KEY: "rempart" },
    pkcs11: { PKCS11_MODULE: "/lib/x.so", PKCS11_TOKEN: "t", PKCS11_PIN: "934217", PKCS11_KEY: "kek" },
  };
  for (const [provider, variables] of Object.entries(complete)) {
    const env: Record<string, string> = { KMS_PROVIDER: provider, ...variables };
    const { kms } = readMessengerConfig(env).keys;
    assert.equal(kms?.kind, provider);
    assert.ok(!JSON.stringify(kms).includes("934217") && !JSON.stringify(kms).includes("hvs.x"));
    for (const name of Object.keys(variables)) {
      const without = { ...env, [name]: "" };
      assert.throws(() => readMessengerConfig(without), new RegExp(`${name} is not set`), name);
    }
  }
  const { kms } = readMessengerConfig({
    ...{ KMS_PROVIDER: "vault", ...complete.vault, VAULT_TOKEN: "", VAULT_TOKEN_FILE: "/run/token" },
  }).keys;
  assert.deepEqual(kms?.kind === "vault" && kms.token, { file: "/run/token" });
});

test("a database's address does not print", () => {
  const { database } = readMessengerConfig({ DATABASE_URL: "postgres://u:hunter2@db/x" });
  assert.ok(database.kind === "url" && database.url.reveal().includes("hunter2"));
  assert.ok(!JSON.stringify(database).includes("hunter2"));
});

test("every variable is documented", () => {
  for (const { name, description, allowed } of describeConfig(messengerVariables)) {
    assert.ok((description ?? "").length > 10, name);
    assert.ok(allowed !== undefined, name);
  }
});

test("alerts go to the log, and to those who are named: warnings to nobody who would be woken", () => {
  const { monitoring } = readMessengerConfig({});
  assert.deepEqual([monitoring.enabled, monitoring.critical, monitoring.warning], [true, ["log"], ["log"]]);
  const named = readMessengerConfig({
    ALERT_RECEIVERS: "pagerduty:,team=slack:#alerts",
    ALERT_RECEIVER_SECRETS: `pagerduty=${"a".repeat(32)},team=xoxb-hunter2`,
    MONITOR_TARGETS: "gateway=http://127.0.0.1:3011/metrics,prometheus=http://127.0.0.1:9090/metrics",
  }).monitoring;
  assert.deepEqual(named.critical, ["log", "pagerduty", "team"]);
  assert.deepEqual(named.warning, ["log", "team"]);
  assert.deepEqual(named.targets, [
    { job: "gateway", url: "http://127.0.0.1:3011/metrics" },
    prometheusTarget("http://127.0.0.1:9090"),
  ]);
  assert.equal(named.secrets.get("team")?.reveal(), "xoxb-hunter2");
  assert.ok(!JSON.stringify(named).includes("hunter2"));
});

test("who is told later of a critical alert is not told first", () => {
  const { monitoring } = readMessengerConfig({
    ALERT_RECEIVERS: "team=slack:,lead=mailto:a@example.org",
    ALERT_ESCALATION: "lead=60,log=15",
  });
  assert.deepEqual(monitoring.critical, ["team"]);
  assert.deepEqual(
    monitoring.escalation.map(({ receiver, afterMs }) => [receiver, afterMs / 60_000]),
    [
      ["log", 15],
      ["lead", 60],
    ],
  );
  assert.throws(() => readMessengerConfig({ ALERT_ESCALATION: "nobody=15" }), /ALERT_ESCALATION/);
});

test("a receiver, a target or a name that is none is refused before anything starts", () => {
  const wrong = {
    ALERT_RECEIVERS: "carrier-pigeon:",
    ALERT_RECEIVER_SECRETS: "whsec_without_a_name",
    ALERT_CRITICAL: "log,nobody",
    ALERT_ESCALATION: "log=soon",
    MONITOR_TARGETS: "http://u:hunter2@127.0.0.1/metrics",
  };
  for (const [name, value] of Object.entries(wrong))
    assert.throws(() => readMessengerConfig({ [name]: value }), new RegExp(`${name} is`), name);
});
