/** A rotation of the keys of CSRF tokens, made by an operator beside two servers that go on. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { hasCode } from "@rempart/kernel";
import type { VersionedSecrets } from "@rempart/keys";
import type { Messenger } from "../src/index.ts";
import { testMessenger } from "./support/server.ts";

interface Token {
  readonly token: string;
  readonly cookie: string;
}

async function issue({ publicUrl }: Messenger): Promise<Token> {
  const response = await fetch(`${publicUrl}/api/csrf-token`);
  const [cookie = ""] = response.headers.getSetCookie().map((line) => line.split(";")[0]);
  return { token: ((await response.json()) as { token: string }).token, cookie };
}

/** As a client that says nothing of where a request comes from. What is behind the check refuses an empty body. */
async function isAccepted({ publicUrl }: Messenger, { token, cookie }: Token): Promise<boolean> {
  const response = await fetch(`${publicUrl}/api/v1/auth/sign-in`, {
    method: "POST",
    headers: { cookie, "x-csrf-token": token, "content-type": "application/json" },
    body: "{}",
  });
  const { code } = (await response.json()) as { code: string };
  assert.ok(code === "csrf" || code === "validation-failed", code);
  return code !== "csrf";
}

/** Once the version that began with the rotation is in use; until then retiring the old one is refused. */
async function retireWhenReplaced(secrets: VersionedSecrets, version: string): Promise<void> {
  for (;;) {
    try {
      return await secrets.retire(version);
    } catch (error) {
      if (!hasCode(error, "rotation-refused")) throw error;
      await sleep(200);
    }
  }
}

test("tokens of the old version are accepted during the overlap and refused by every process once it is retired", async () => {
  await using one = await testMessenger();
  await using two = await one.sibling();
  await using operator = await one.installation();
  const { csrf } = operator.secrets;
  const both = async (token: Token) => [await isAccepted(one, token), await isAccepted(two, token)];

  const before = await issue(one);
  const [first] = await csrf.versions();
  assert.ok(first !== undefined, "the version in use was made by the server");
  assert.deepEqual(await both(before), [true, true]);
  assert.deepEqual(await both({ ...before, token: `${before.token}A` }), [false, false]);

  const next = await csrf.rotate();
  assert.deepEqual(await both(before), [true, true]);
  let fresh = await issue(two);
  while (!fresh.token.includes(`.${next}.`)) {
    await sleep(200);
    fresh = await issue(two);
  }
  assert.deepEqual(await both(before), [true, true], "the overlap");
  assert.deepEqual(await both(fresh), [true, true]);

  await retireWhenReplaced(csrf, first.id);
  while ((await both(before)).includes(true)) await sleep(200);
  assert.deepEqual(await both(before), [false, false]);
  assert.deepEqual(await both(fresh), [true, true]);
});
