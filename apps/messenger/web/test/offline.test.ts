import assert from "node:assert/strict";
import { test } from "node:test";
import { arrive, conversation, done, reads, ready, texts, timeline } from "./support/person.ts";
import { type BreakingProxy, startProxy } from "./support/proxy.ts";
import { serverOfTests } from "./support/server.ts";

const server = await serverOfTests();

test("who was away reads everything that was missed, in order, and once", async () => {
  const [ada, bob] = await Promise.all([arrive(server.url, "Ada"), arrive(server.url, "Bob")]);
  const { conversationId: id } = done(await ada.client.startDirect(bob.id));
  await conversation(bob, id);
  await bob.close();
  const sent = Array.from({ length: 120 }, (_, i) => `message ${i}`);
  for (const text of sent) done(await ada.client.send(id, text));
  await timeline(
    ada,
    id,
    (items) =>
      items.filter((i) => i.kind === "text" && i.delivery === "sent").length === 60 ||
      items.filter((i) => i.kind === "text" && i.delivery === "sent").length === 120,
  );

  const back = await bob.profile.open();
  await ready(back);
  const view = await conversation(back, id, ({ unread }) => unread === 120);
  assert.equal(view.preview?.kind === "text" && view.preview.text, "message 119");
  const seen = texts(await timeline(back, id, (items) => texts(items).includes("message 119")));
  assert.deepEqual(seen, sent.slice(-seen.length));
  while (texts(back.client.timeline(id).get().items).length < 120) done(await back.client.loadOlder(id));
  assert.deepEqual(texts(back.client.timeline(id).get().items), sent);
  back.client.markRead(id, view.preview?.seq ?? 0);
  await conversation(back, id, ({ unread }) => unread === 0);
});

test("messages written without a connection wait, and leave in order when it is back", async () => {
  await using proxy = await startProxy(server.url);
  const ada = await arrive(proxy.url, "Ada");
  const bob = await arrive(server.url, "Bob");
  const { conversationId: id } = done(await ada.client.startDirect(bob.id));
  await conversation(bob, id);
  proxy.down();
  for (const text of ["a", "b", "c"]) done(await ada.client.send(id, text));
  const waiting = await timeline(ada, id, (items) => texts(items).length === 3);
  assert.ok(
    waiting.every(
      (item) => item.kind !== "text" || item.delivery === "queued" || item.delivery === "sending",
    ),
  );
  assert.equal((await ada.client.createGroup({ title: "x", userIds: [bob.id] })).ok, false);
  proxy.up();
  ada.client.reconnect();
  await reads(bob, id, "c");
  assert.deepEqual(texts(bob.client.timeline(id).get().items), ["a", "b", "c"]);
});

test("a connection that is cut again and again loses nothing, doubles nothing, and keeps the order", async () => {
  await using proxy = await startProxy(server.url);
  const ada = await arrive(proxy.url, "Ada");
  const bob = await arrive(server.url, "Bob");
  const { conversationId: id } = done(await ada.client.startDirect(bob.id));
  await conversation(bob, id);
  const sent = Array.from({ length: 20 }, (_, i) => `m${i}`);
  using _cutting = cutAgainAndAgain(proxy, ada.client.reconnect);
  for (const text of sent) {
    done(await ada.client.send(id, text));
    done(await bob.client.send(id, `re ${text}`));
  }
  const all = await timeline(bob, id, (items) => {
    const seen = texts(items);
    return sent.every((text) => seen.includes(text));
  });
  assert.deepEqual(
    texts(all).filter((text) => text.startsWith("m")),
    sent,
  );
  ada.client.reconnect();
  const own = await timeline(
    ada,
    id,
    (items) => texts(items).filter((text) => text.startsWith("re ")).length === 20,
  );
  assert.deepEqual(
    texts(own).filter((text) => text.startsWith("m")),
    sent,
  );
  assert.deepEqual(
    texts(own).filter((text) => text.startsWith("re ")),
    sent.map((text) => `re ${text}`),
  );
});

const CUTS = 40;
const BETWEEN_CUTS_MS = 60;

/** While the messages are on their way, and then no more: on a busy machine no connection is made between two cuts. */
function cutAgainAndAgain(proxy: BreakingProxy, reconnect: () => void): Disposable {
  let cuts = 0;
  const stop = (): void => clearInterval(timer);
  const timer = setInterval(() => {
    cuts += 1;
    if (cuts === CUTS) stop();
    proxy.cut();
    setTimeout(reconnect, 5);
  }, BETWEEN_CUTS_MS);
  return { [Symbol.dispose]: stop };
}
