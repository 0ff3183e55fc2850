import assert from "node:assert/strict";
import { test } from "node:test";
import { arrive, BrowserProfile, conversation, done, reads, ready } from "./support/person.ts";
import { serverOfTests } from "./support/server.ts";
import { until } from "./support/until.ts";

const server = await serverOfTests();

test("one tab owns the state; another takes it over, and the first stops writing", async () => {
  const [ada, bob] = await Promise.all([arrive(server.url, "Ada"), arrive(server.url, "Bob")]);
  const { conversationId: id } = done(await ada.client.startDirect(bob.id));
  const second = await ada.profile.open();
  await until(second.client.app, ({ phase }) => phase === "elsewhere", "being elsewhere");
  assert.equal((await second.client.send(id, "from nowhere")).ok, false);

  done(await second.client.takeOver());
  await ready(second);
  await until(ada.client.app, ({ phase }) => phase === "elsewhere", "the first tab to let go");
  await conversation(second, id);
  done(await second.client.send(id, "from the second tab"));
  await reads(bob, id, "from the second tab");
  assert.equal((await ada.client.send(id, "too late")).ok, false);

  done(await ada.client.takeOver());
  await ready(ada);
  await reads(ada, id, "from the second tab");
});

test("an owner that does not answer is fenced off in the storage itself", async () => {
  const ada = await arrive(server.url, "Ada");
  const bob = await arrive(server.url, "Bob");
  const { conversationId: id } = done(await ada.client.startDirect(bob.id));
  await conversation(bob, id);
  // A tab of another profile that shares the disks but no locks: as a browser whose lock manager failed would.
  const stranger = new BrowserProfile(server.url, ada.profile.disks);
  const tab = await stranger.open();
  done(await tab.client.signIn(ada.credentials));
  await ready(tab);
  assert.equal((await ada.client.send(id, "fenced")).ok, false);
  await until(ada.client.app, ({ phase }) => phase === "elsewhere", "the first owner to stop");
  done(await tab.client.send(id, "from the new owner"));
  await reads(bob, id, "from the new owner");
});

test("signing out frees the other tabs, and forgetting the device erases it", async () => {
  const ada = await arrive(server.url, "Ada");
  const second = await ada.profile.open();
  await until(second.client.app, ({ phase }) => phase === "elsewhere", "being elsewhere");
  done(await ada.client.signOut({ forgetDevice: true }));
  assert.deepEqual(ada.client.app.get(), { phase: "signed-out", reason: "none" });
  await until(second.client.app, ({ phase }) => phase === "signed-out", "being signed out");
  assert.deepEqual(
    ada.profile.disks.dump().filter(({ name }) => name.includes(ada.id)),
    [],
  );
  done(await ada.client.signIn(ada.credentials));
  await ready(ada);
  const devices = done(await ada.client.devices());
  assert.equal(devices.filter(({ revokedAt }) => revokedAt === null).length, 1);
});
