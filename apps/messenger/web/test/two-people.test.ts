import assert from "node:assert/strict";
import { test } from "node:test";
import { arrive, conversation, done, reads, texts, timeline } from "./support/person.ts";
import { serverOfTests } from "./support/server.ts";

const server = await serverOfTests();

test("two people find each other and exchange messages both ways", async () => {
  const [ada, bob] = await Promise.all([arrive(server.url, "Ada"), arrive(server.url, "Bob")]);
  const [found] = done(await ada.client.searchUsers(bob.credentials.email));
  assert.equal(found?.id, bob.id);
  const { conversationId: id } = done(await ada.client.startDirect(bob.id));
  done(await ada.client.send(id, "hello Bob"));
  assert.equal((await conversation(bob, id)).title, "Ada");
  await reads(bob, id, "hello Bob");
  done(await bob.client.send(id, "hello Ada"));
  await reads(ada, id, "hello Ada");

  const items = await timeline(ada, id, (seen) => texts(seen).length === 2);
  assert.deepEqual(texts(items), ["hello Bob", "hello Ada"]);
  const last = items.at(-1)?.seq ?? 0;
  ada.client.markRead(id, last);
  await timeline(bob, id, (seen) => seen.some((item) => item.kind === "text" && item.delivery === "read"));
});
