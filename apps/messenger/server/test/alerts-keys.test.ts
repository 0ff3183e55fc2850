/** A key service that does not answer, in minutes that pass at once. */
import { test } from "node:test";
import { systemClock } from "@rempart/kernel";
import { startVaultTransit, VAULT_TOKEN } from "@rempart/testing/kms";
import { Person } from "./support/person.ts";
import { watchedMessenger } from "./support/watched.ts";

test("a key service that the local key stands in for is told, and that it is back", async () => {
  await using vault = await startVaultTransit();
  let laterMs = 0;
  const clock = { ...systemClock, monotonic: () => systemClock.monotonic() + laterMs };
  await using watched = await watchedMessenger({
    clock,
    env: {
      KMS_PROVIDER: "vault",
      VAULT_ADDR: vault.address,
      VAULT_TOKEN,
      VAULT_TRANSIT_KEY: "rempart",
    },
  });
  const { server, watch, told } = watched;
  await watch.pass(60, 5);
  // A data key is good for a quarter of an hour: each minute needs another.
  const seal = async (): Promise<void> => {
    laterMs += 16 * 60_000;
    const person = await Person.arrive(server.publicUrl, "Sam");
    await person.must("startTotp");
  };
  vault.fault = "cut";
  await told("KMSFailoverHigh", "firing", { each: seal });
  vault.fault = "none";
  await told("KMSFailoverHigh", "resolved");
});
