/** The key service is cut off and then hangs while people go on, in processes old and new; afterwards nothing is missing. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { describeEnvelope, rewrap } from "@rempart/keys";
import { totpCode } from "@rempart/testing";
import { startVaultTransit, VAULT_TOKEN } from "@rempart/testing/kms";
import { startSmtp } from "@rempart/testing/smtp";
import type { Installation, Messenger } from "../src/index.ts";
import { envelopeSources } from "../src/storage/envelope-columns.ts";
import { Person } from "./support/person.ts";
import { type TestMessenger, testMessenger } from "./support/server.ts";

const PASSWORD = "a tangerine umbrella";
const STRETCH_MS = 300;

/** Whoever arrives while this runs: a new account with a second factor and a mail on its way. `Person` throws at a refusal. */
class Traffic {
  readonly arrived: { readonly email: string; readonly secret: string }[] = [];

  async at(server: Messenger): Promise<void> {
    const end = Date.now() + STRETCH_MS;
    do await this.#arrive(server);
    while (Date.now() < end);
  }

  async #arrive({ publicUrl }: Messenger): Promise<void> {
    const person = new Person(publicUrl, "Ada");
    const email = `${randomUUID()}@example.org`;
    await person.must("signUp", { body: { email, password: PASSWORD, name: person.name } });
    const { secret } = await person.must("startTotp");
    await person.must("confirmTotp", { body: { code: totpCode(secret) } });
    await person.must("requestPasswordReset", { body: { email } });
    this.arrived.push({ email, secret });
  }
}

/** How many values stand under the service and how many under the local key alone. Each of them opens. */
async function custodies({ database, keyring }: Installation): Promise<{ kms: number; local: number }> {
  const counts = { kms: 0, local: 0 };
  const { signal } = new AbortController();
  for (const source of envelopeSources(database)) {
    for await (const { envelope, where } of source.rows(undefined, signal)) {
      counts[describeEnvelope(envelope).custody] += 1;
      assert.ok((await keyring.open(envelope, where)).length > 0);
    }
  }
  return counts;
}

async function custodiesAt(server: TestMessenger): ReturnType<typeof custodies> {
  await using operator = await server.installation();
  return await custodies(operator);
}

test("an outage of the key service costs nobody anything, and leaves nothing behind", async () => {
  await using vault = await startVaultTransit();
  await using smtp = await startSmtp();
  await using server = await testMessenger({
    env: {
      KMS_PROVIDER: "vault",
      VAULT_ADDR: vault.address,
      VAULT_TOKEN,
      VAULT_TRANSIT_KEY: "rempart",
      SMTP_URL: smtp.url,
    },
  });
  smtp.refuse(true);
  const traffic = new Traffic();
  await traffic.at(server);
  // On a busy machine even a service that is well may answer too late.
  const before = await custodiesAt(server);
  assert.ok(before.kms > 0);

  vault.fault = "cut";
  await using second = await server.sibling();
  await Promise.all([server, second].map((one) => traffic.at(one)));
  vault.fault = "hanging";
  await using third = await server.sibling();
  await Promise.all([server, second, third].map((one) => traffic.at(one)));

  for (const one of [second, third]) {
    const metrics = await (await fetch(`${one.adminUrl}/metrics`)).text();
    assert.match(metrics, /^kms_failover_total\{provider="vault",operation="wrap",reason="[a-z-]+"\} [1-9]/m);
  }
  const recorded = await server.storage.database.query(
    "SELECT 1 FROM audit_logs WHERE event_name = 'key.failover' AND resource_id = 'vault'",
  );
  assert.ok(recorded.length > 0);

  vault.fault = "none";
  await using operator = await server.installation();
  assert.ok((await custodies(operator)).local > before.local, "the outage was felt");
  for (const source of envelopeSources(operator.database)) {
    const { refused } = await rewrap(operator.keyring, source);
    assert.equal(refused, 0, source.name);
  }
  assert.equal((await custodies(operator)).local, 0);

  smtp.refuse(false);
  for (const { email, secret } of traffic.arrived) {
    await smtp.next(email, "reset-password");
    await signIn(server, email, secret);
  }
});

/** With the code after the one that enrolled, which is spent. */
async function signIn({ publicUrl }: Messenger, email: string, secret: string): Promise<void> {
  const person = new Person(publicUrl, "Ada");
  const { challenge } = await person.must("signIn", { body: { email, password: PASSWORD } });
  const proof = { method: "totp", code: totpCode(secret, Date.now() + 30_000) };
  await person.must("completeSignIn", { body: { challenge, proof } });
}
