import assert from "node:assert/strict";
import { test } from "node:test";
import { rehearse } from "../objectives/rehearse.ts";
import { SHIPPED_GROUPS } from "./groups.ts";

const rules = SHIPPED_GROUPS.flatMap((group) => group.rules);

test("every shipped rule fires in its scenario, and resolves", () => {
  for (const rule of rules) {
    const { firing, stillFiring } = rehearse(rule);
    assert.ok(firing.length > 0, `${rule.name} does not fire`);
    assert.deepEqual(stillFiring, [], `${rule.name} does not resolve`);
  }
});

test("every alert that operators were promised is there, each name once", () => {
  const names = rules.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  const promised = [
    ["LowAuthSuccessRate", "critical"],
    ["HighCSRFBlocks", "warning"],
    ["KMSFailoverHigh", "warning"],
    ["HighErrorRate", "critical"],
    ["ApplicationDown", "critical"],
    ["HighResponseTime", "warning"],
    ["BackupFailed", "critical"],
    ["DiskSpaceLow", "warning"],
    ["BruteForce", "critical"],
    ["InjectionAttempt", "critical"],
    ["UnauthorizedAdminAccess", "critical"],
    ["CertificateExpiring", "warning"],
    ["QueueBacklog", "warning"],
  ] as const;
  for (const [name, severity] of promised) {
    assert.equal(rules.find((rule) => rule.name === name)?.severity, severity, name);
  }
});
