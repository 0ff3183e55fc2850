import assert from "node:assert/strict";
import { test } from "node:test";
import type { TimelineItem } from "../src/client/api.ts";
import type { Table } from "../src/core/storage/storage.ts";
import { arrive, conversation, done, type Person, reads, ready, texts, timeline } from "./support/person.ts";
import { serverOfTests } from "./support/server.ts";
import { until } from "./support/until.ts";

const server = await serverOfTests();

async function twoWhoTalk(): Promise<{ ada: Person; bob: Person; id: string }> {
  const [ada, bob] = await Promise.all([arrive(server.url, "Ada"), arrive(server.url, "Bob")]);
  const { conversationId: id } = done(await ada.client.startDirect(bob.id));
  done(await ada.client.send(id, "one"));
  await reads(bob, id, "one");
  return { ada, bob, id };
}

test("a device whose group state is damaged rejoins by itself, and both sides can read on", async () => {
  const { ada, bob, id } = await twoWhoTalk();
  await bob.close();
  await damage(bob, "groups", (key) => key === id);
  done(await ada.client.send(id, "while Bob is broken"));
  const back = await bob.profile.open();
  await ready(back);
  await conversation(back, id, ({ sync }) => sync === "ready");
  await timeline(ada, id, (items) =>
    items.some((item) => item.kind === "notice" && item.notice.type === "rejoined"),
  );
  done(await ada.client.send(id, "after the repair"));
  await reads(back, id, "after the repair");
  done(await back.client.send(id, "I am back"));
  await reads(ada, id, "I am back");
  const seen = await timeline(back, id, (items) => texts(items).includes("after the repair"));
  assert.deepEqual(
    seen.flatMap((item) => (item.kind === "undecryptable" ? [item.reason] : [])),
    ["key-lost"],
    "what was sent meanwhile is said to be lost",
  );
  assert.ok(texts(seen).includes("one"), "what was read before stays");
});

test("a damaged message is shown as lost where it stood, the others are read", async () => {
  const { ada, bob, id } = await twoWhoTalk();
  done(await ada.client.send(id, "two"));
  await reads(bob, id, "two");
  await bob.close();
  await damage(bob, "messages", (key) => key.endsWith("2"));
  const back = await bob.profile.open();
  await ready(back);
  const items = await timeline(back, id, (seen) => texts(seen).includes("two"));
  assert.deepEqual(texts(items), ["two"]);
  assert.ok(items.some((item) => item.kind === "undecryptable" && item.reason === "key-lost"));
});

test("a browser whose device keys are damaged becomes a new device instead of failing at every start", async () => {
  const { ada, bob, id } = await twoWhoTalk();
  const before = done(await bob.client.devices()).length;
  await bob.close();
  await damage(bob, "device", () => true);
  const back = await bob.profile.open();
  await ready(back);
  await conversation(back, id, ({ sync }) => sync === "ready");
  assert.equal(done(await back.client.devices()).length, before + 1);
  done(await ada.client.send(id, "to the new device"));
  await reads(back, id, "to the new device");
});

test("a full disk is said, loses nothing, and a start with room goes on", async () => {
  const { ada, bob, id } = await twoWhoTalk();
  bob.profile.disks.limit(1);
  done(await ada.client.send(id, "no room for this"));
  const app = await until(bob.client.app, ({ phase }) => phase === "failed", "the failure");
  assert.deepEqual(app, { phase: "failed", code: "storage-full" });
  bob.profile.disks.limit(Number.POSITIVE_INFINITY);
  await bob.close();
  const back = await bob.profile.open();
  await ready(back);
  await conversation(
    back,
    id,
    ({ preview }) => preview?.kind === "text" && preview.text === "no room for this",
  );
  const seen = await timeline(back, id, (items) => items.length > 0);
  assert.deepEqual(texts(seen), ["one", "no room for this"]);
});

test("after the server was restored from a backup, history stays, and the conversation goes on", async () => {
  const { ada, bob, id } = await twoWhoTalk();
  for (const text of ["two", "three"]) done(await ada.client.send(id, text));
  await reads(bob, id, "three");
  await timeline(ada, id, (items) => texts(items).length === 3);
  await Promise.all([ada.close(), bob.close()]);
  await server.database.query("DELETE FROM messages WHERE conversation_id = $1 AND seq > 2", [id]);
  await server.database.query("UPDATE conversations SET head_seq = 2 WHERE id = $1", [id]);

  const [adaBack, bobBack] = [await ada.profile.open(), await bob.profile.open()];
  await Promise.all([ready(adaBack), ready(bobBack)]);
  // What is sent before the other has joined anew is closed to them, and shown as such.
  for (const tab of [adaBack, bobBack]) await timeline(tab, id, (items) => rejoins(items) >= 2);
  done(await adaBack.client.send(id, "after the restore"));
  await reads(bobBack, id, "after the restore");
  done(await bobBack.client.send(id, "indeed"));
  await reads(adaBack, id, "indeed");
  for (const tab of [adaBack, bobBack]) {
    const seen = texts(await timeline(tab, id, (items) => items.length > 0));
    assert.deepEqual(seen, ["one", "two", "three", "after the restore", "indeed"]);
  }
});

function rejoins(items: readonly TimelineItem[]): number {
  return items.filter((item) => item.kind === "notice" && item.notice.type === "rejoined").length;
}

/** Flips a bit in every stored record of a table whose key is chosen. */
async function damage(person: Person, table: Table, chosen: (key: string) => boolean): Promise<void> {
  const rows = person.profile.disks.dump().filter((row) => row.table === table && chosen(row.key));
  assert.ok(rows.length > 0, "there is something to damage");
  for (const { name, key, value } of rows) {
    const storage = await person.profile.disks.open(name);
    const broken = value.slice();
    broken[20] = (broken[20] as number) ^ 1;
    await storage.write([{ type: "put", table, key, value: broken }], await storage.takeFence());
  }
}
