import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { formatProofFile } from "@rempart/audit/verify";
import { fromBase64Url, utf8 } from "@rempart/kernel";
import type { KeyLogAnswer } from "@rempart/messaging/contract";
import { until } from "@rempart/testing";
import { accessibilityViolations } from "@rempart/testing/browser";
import { build, type Rolldown } from "vite";
import type { Visitor } from "./support/visitor.ts";
import { World } from "./support/world.ts";

let world: World;

before(async () => {
  world = await World.start();
});

after(async () => {
  await world?.[Symbol.asyncDispose]();
});

const ALERT = "A device was added to your account";

/** The same account at another browser. */
async function elsewhere(person: Visitor): Promise<Visitor> {
  const other = await world.visitor(person.name);
  await other.opens("/sign-in");
  await other.fillsInSignIn();
  await other.seesList();
  return other;
}

/** Waits until the browser has followed its log to what is there now, so that what comes is news: it asks for the rest then. */
async function followed({ page }: Visitor): Promise<void> {
  await until(async () => {
    const looked = page.waitForResponse((response) => response.url().includes("/account/key-log"));
    await page.reload();
    const { searchParams } = new URL((await looked).url());
    if (Number(searchParams.get("after")) > 0) return true;
    // The log takes about a second to integrate.
    await page.waitForTimeout(500);
    return false;
  });
}

async function offlineVerifier(): Promise<string> {
  const entry = fileURLToPath(new URL("support/offline-verifier.ts", import.meta.url));
  const built = (await build({
    configFile: false,
    logLevel: "silent",
    build: { write: false, lib: { entry, formats: ["iife"], name: "verifier" } },
  })) as Rolldown.RolldownOutput[];
  const [chunk] = built.flatMap(({ output }) => output);
  assert.equal(chunk?.type, "chunk");
  return chunk?.type === "chunk" ? chunk.code : "";
}

describe("one's own key log", { concurrency: true }, () => {
  test("a device that its owner does not know is asked about: theirs stays, a stranger's goes", async () => {
    const ada = await world.resident("Ada Arnaud");
    await followed(ada);
    const phone = await elsewhere(ada);
    await ada.page.reload();
    const alert = ada.page.getByRole("alert", { name: ALERT });
    await alert.waitFor();
    assert.deepEqual(await accessibilityViolations(ada.page), []);
    await alert.getByRole("button", { name: "It was me" }).click();
    await alert.waitFor({ state: "detached" });
    assert.equal(
      await phone.page.getByRole("alert", { name: ALERT }).count(),
      0,
      "whoever came sees no news",
    );

    const thief = await elsewhere(ada);
    await ada.page.reload();
    await alert.getByRole("button", { name: "Remove it" }).click();
    await alert.waitFor({ state: "detached" });
    await thief.page.getByRole("heading", { name: "Welcome back" }).waitFor();
    await Promise.all([ada.leave(), phone.leave(), thief.leave()]);
  });

  test("a proof is checked in a browser without any network, and an altered one is not believed", async () => {
    const ben = await world.resident("Ben Borel");
    await followed(ben);
    const answer = (await ben.page.evaluate(async () =>
      (await fetch("/api/v1/account/key-log")).json(),
    )) as KeyLogAnswer;
    const [event] = answer.events;
    const leaf = fromBase64Url(event?.leaf ?? "");
    assert.ok(event?.place && leaf);
    const { index, proof } = event.place;
    const hashes = proof.map((hash) => fromBase64Url(hash) ?? assert.fail("not a hash"));
    const checkpoint = utf8(answer.head.checkpoint);
    const file = formatProofFile({ index, proof: hashes, checkpoint, extra: null });

    const page = await ben.context.newPage();
    await page.addScriptTag({ content: await offlineVerifier() });
    await ben.context.setOffline(true);
    const checked = (entry: readonly number[]): Promise<number | string> =>
      page.evaluate(
        ([given, text, key]) =>
          (
            globalThis as unknown as { verifier: typeof import("./support/offline-verifier.ts") }
          ).verifier.check(given, text, key),
        [entry, file, answer.head.keys[0] ?? ""] as const,
      );
    assert.equal(await checked([...leaf]), index);
    assert.equal(await checked([...leaf.with(0, 0)]), "not-included");
    await ben.leave();
  });
});
