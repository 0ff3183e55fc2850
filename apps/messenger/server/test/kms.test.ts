import assert from "node:assert/strict";
import { test } from "node:test";
import {
  evaluate,
  Feed,
  History,
  parseExposition,
  type ScrapedSample,
  SHIPPED_GROUPS,
} from "@rempart/observability";
import { totpCode, until } from "@rempart/testing";
import { startVaultTransit, VAULT_TOKEN } from "@rempart/testing/kms";
import { Person } from "./support/person.ts";
import { type TestMessenger, testMessenger } from "./support/server.ts";

async function seeds(server: TestMessenger): Promise<string[]> {
  const rows = await server.storage.database.query<{ seed: string }>(
    "SELECT seed FROM totp_factors ORDER BY id",
  );
  return rows.map(({ seed }) => seed.split(":", 1)[0] as string);
}

async function enrol(server: TestMessenger, name: string): Promise<void> {
  const person = await Person.arrive(server.publicUrl, name);
  const { secret } = await person.must("startTotp");
  await person.must("confirmTotp", { body: { code: totpCode(secret) } });
}

/** What the shipped record makes of a page whose counters stood at nothing a minute before. */
function failoverPercent(page: readonly ScrapedSample[]): number {
  const rate = SHIPPED_GROUPS.flatMap(({ records = [] }) => records).find(
    ({ name }) => name === "kms_failover_rate",
  );
  assert.ok(rate !== undefined);
  const history = new History();
  const feed = new Feed(history, { job: "messenger" });
  const now = Date.now();
  feed.take(
    page.map((sample) => ({ ...sample, value: 0 })),
    now - 60_000,
  );
  feed.take(page, now);
  return evaluate(rate.expression, history, now)[0]?.value ?? 0;
}

test("a key service goes away during traffic: nothing is refused, it is seen everywhere, and all comes back under it", async () => {
  await using vault = await startVaultTransit();
  await using server = await testMessenger({
    env: {
      KMS_PROVIDER: "vault",
      VAULT_ADDR: vault.address,
      VAULT_TOKEN,
      VAULT_TRANSIT_KEY: "rempart",
      KMS_REWRAP_INTERVAL: "1",
    },
  });
  const health = async () => (await (await fetch(`${server.publicUrl}/health`)).json()) as { checks: object };
  const metrics = async () => (await fetch(`${server.adminUrl}/metrics`)).text();
  await enrol(server, "before");
  assert.deepEqual(await seeds(server), ["kms"]);
  assert.deepEqual((await health()).checks, {
    database: { status: "up" },
    bus: { status: "up" },
    kms: { status: "up" },
  });

  vault.fault = "failing";
  // Another process has no data key yet: it must make one without the service.
  await using sibling = await server.sibling();
  const during = await Person.arrive(sibling.publicUrl, "during");
  const { secret } = await during.must("startTotp");
  await during.must("confirmTotp", { body: { code: totpCode(secret) } });
  assert.deepEqual((await seeds(server)).toSorted(), ["kms", "local"]);
  const text = await (await fetch(`${sibling.adminUrl}/metrics`)).text();
  assert.match(text, /^kms_failover_total\{provider="vault",operation="wrap",reason="[a-z-]+"\} [1-9]/m);
  assert.ok(failoverPercent(parseExposition(text)) > 0);
  const sick = (await (await fetch(`${sibling.publicUrl}/health`)).json()) as {
    status: string;
    checks: { kms: object };
  };
  assert.deepEqual([sick.status, sick.checks.kms], ["degraded", { status: "down" }]);
  await until(async () => {
    const rows = await server.storage.database.query(
      "SELECT 1 FROM audit_logs WHERE event_name = 'key.failover' AND resource_id = 'vault'",
    );
    return rows.length > 0;
  });

  vault.fault = "none";
  await until(async () => (await seeds(server)).every((custody) => custody === "kms"));
  assert.match(
    await metrics(),
    /^kms_operations_total\{provider="vault",operation="wrap",outcome="ok"\} [1-9]/m,
  );
});

test("a key service that denies is not stood in for", async () => {
  await using vault = await startVaultTransit();
  const env = { KMS_PROVIDER: "vault", VAULT_ADDR: vault.address, VAULT_TOKEN, VAULT_TRANSIT_KEY: "rempart" };
  await using server = await testMessenger({ env });
  vault.fault = "denied";
  await assert.rejects(server.sibling(), { code: "provider-denied" });
  assert.deepEqual(await seeds(server), []);
});
