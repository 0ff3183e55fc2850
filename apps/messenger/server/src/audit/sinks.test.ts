import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readMessengerConfig } from "../config.ts";
import { createSinks, parseSinkAddress } from "./sinks.ts";

test("sinks are made from their addresses, each with a name of its own", () => {
  const { audit } = readMessengerConfig({
    AUDIT_SINKS:
      "stdout, file:/tmp/a.jsonl, file:/tmp/b.jsonl, syslog://relay, loki+https://loki.example/, splunk+https://hec.example:8088",
    AUDIT_SPLUNK_TOKEN: "s3cret",
  });
  const names = createSinks(audit).map(({ name }) => name);
  assert.deepEqual(names, ["stdout", "file", "file-2", "syslog", "loki", "splunk"]);
  assert.deepEqual(audit.sinks[3], { kind: "syslog", host: "relay", port: 601, tls: false });
  assert.deepEqual(audit.sinks[4], { kind: "loki", url: "https://loki.example" });
  assert.ok(!JSON.stringify(audit).includes("s3cret"));
});

test("a sink without the secret it needs is a wrong configuration that names the variable", () => {
  const { audit } = readMessengerConfig({ AUDIT_SINKS: "datadog+https://http-intake.logs.datadoghq.eu" });
  assert.throws(() => createSinks(audit), /AUDIT_DATADOG_API_KEY/);
});

test("credentials in an address, unknown kinds and anything else are refused", () => {
  for (const text of ["", "file:", "syslog://", "loki://x", "loki+https://u:p@host", "ftp://x", "Stdout"])
    assert.equal(parseSinkAddress(text), null, text);
  fc.assert(
    fc.property(fc.string(), (text) => {
      parseSinkAddress(text);
    }),
  );
  assert.throws(() => readMessengerConfig({ AUDIT_SINKS: "carrier-pigeon" }), /AUDIT_SINKS/);
  assert.throws(() => readMessengerConfig({ AUDIT_WITNESSES: "https://w.example nokey" }), /AUDIT_WITNESSES/);
});
