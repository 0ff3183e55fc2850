import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import type { Logger } from "@rempart/runtime";
import { assertNowhere } from "./support/marker.ts";
import { Person } from "./support/person.ts";
import { testMessenger } from "./support/server.ts";

test("what is said, passwords and tokens are nowhere in the database and the log", async () => {
  const lines: string[] = [];
  const write = (fields: object, message?: string): void =>
    void lines.push(JSON.stringify({ ...fields, message }));
  const log: Logger = { debug: write, info: write, warn: write, error: write, child: () => log };
  await using server = await testMessenger({ log });
  const marker = `marker-${randomUUID()}`;
  const password = `password-${randomUUID()}`;
  const ada = await Person.arrive(server.publicUrl, "ada");
  const bob = await Person.arrive(server.publicUrl, "bob");
  const id = await ada.converse([bob]);
  const socket = await ada.connect();
  socket.send({ t: "send", conversationId: id, ...(await ada.encrypt(id, marker)) });
  await socket.next("ack");
  assert.equal((await ada.send(id, marker)).status, 201);
  const email = `eve-${randomUUID()}@example.org`;
  const eve = new Person(server.publicUrl, "eve");
  assert.equal((await eve.call("signUp", { body: { email, password, name: "eve" } })).status, 201);
  const wrong = await eve.call("signIn", { body: { email, password: `${password}-wrong` } });
  assert.equal(wrong.status, 401);
  const { ticket } = await ada.must("socketTicket");
  const secrets = [marker, password, ada.cookie.split("=")[1] as string, ticket];
  await assertNowhere(server.storage.database, secrets);
  for (const secret of [...secrets, email]) {
    assert.ok(!lines.some((line) => line.includes(secret)), "a secret was logged");
  }
  assert.ok(lines.length > 0);
  socket.close();
});
