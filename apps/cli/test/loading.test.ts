import assert from "node:assert/strict";
import { registerHooks } from "node:module";
import { test } from "node:test";

/** Each takes longer to load than a command to start, and no command needs it before it has something to do with it. */
const HEAVY = /\/node_modules\/(@simplewebauthn|kysely|nodemailer)\//;

test("what every command opens loads no ceremonies, no query builder and no mailer", async () => {
  const loaded: string[] = [];
  const hooks = registerHooks({
    load(url, context, nextLoad) {
      loaded.push(url);
      return nextLoad(url, context);
    },
  });
  await import("@rempart/messenger-server/operator");
  assert.ok(loaded.some((url) => url.includes("/packages/identity/")));
  assert.deepEqual(
    loaded.filter((url) => url.includes("/packages/identity/src/passkeys/")),
    [],
  );
  await import("@rempart/messenger-server/installation");
  hooks.deregister();
  assert.ok(loaded.some((url) => url.includes("/packages/identity/src/passkeys/")));
  assert.deepEqual(
    loaded.filter((url) => HEAVY.test(url)),
    [],
  );
});
