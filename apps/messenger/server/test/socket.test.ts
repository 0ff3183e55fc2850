import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { connect as connectTcp } from "node:net";
import { after, test } from "node:test";
import { CLOSE } from "@rempart/messaging/contract";
import { WebSocket } from "ws";
import { Person } from "./support/person.ts";
import { testMessenger } from "./support/server.ts";
import { TestSocket } from "./support/socket.ts";

const server = await testMessenger();
after(() => server[Symbol.asyncDispose]());
const arrive = (name: string) => Person.arrive(server.publicUrl, name);

test("a socket needs a session and an active device of it; the close code says which is missing", async () => {
  const [ada, bob] = [await arrive("ada"), await arrive("bob")];
  const open = (device: string, cookie: string) =>
    TestSocket.open(server.publicUrl, { device }, { cookie, origin: server.publicUrl });
  assert.equal(await (await open(ada.deviceId, "")).closed, CLOSE.unauthenticated);
  const forged = "__Host-session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
  assert.equal(await (await open(ada.deviceId, forged)).closed, CLOSE.unauthenticated);
  assert.equal(await (await open(bob.deviceId, ada.cookie)).closed, CLOSE.deviceRevoked);
  assert.equal(await (await open(randomUUID(), ada.cookie)).closed, CLOSE.deviceRevoked);
  assert.equal(await (await open("no-uuid", ada.cookie)).closed, CLOSE.deviceRevoked);
});

test("another site's page cannot open a socket with the visitor's cookie", async () => {
  const ada = await arrive("ada");
  const ws = new WebSocket(`${server.publicUrl.replace("http", "ws")}/ws?device=${ada.deviceId}`, {
    headers: { cookie: ada.cookie, origin: "https://evil.example" },
  });
  const status = await new Promise((resolve) => {
    ws.on("unexpected-response", (_, response) => resolve(response.statusCode));
    ws.on("open", () => resolve("open"));
    ws.on("error", () => undefined);
  });
  assert.equal(status, 403);
  ws.terminate();
});

test("connections reset in the middle of their upgrade do no harm", async () => {
  const ada = await arrive("ada");
  const { port } = new URL(server.publicUrl);
  const request =
    `GET /ws?device=${ada.deviceId} HTTP/1.1\r\nHost: localhost:${port}\r\nCookie: ${ada.cookie}\r\n` +
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
  for (let i = 0; i < 50; i += 1) {
    const socket = connectTcp({ port: Number(port), host: "127.0.0.1" });
    socket.on("error", () => undefined);
    await new Promise<void>((resolve) => socket.write(request, () => resolve()));
    if (i % 2 === 0) await new Promise(setImmediate);
    socket.resetAndDestroy();
  }
  const socket = await ada.connect();
  await socket.settled();
  socket.close();
});

test("a ticket opens one socket without a cookie", async () => {
  const ada = await arrive("ada");
  const { ticket } = await ada.must("socketTicket");
  const query = { device: ada.deviceId, ticket };
  const socket = await TestSocket.open(server.publicUrl, query);
  await socket.settled();
  assert.equal(await (await TestSocket.open(server.publicUrl, query)).closed, CLOSE.unauthenticated);
  socket.close();
});

test("signing out closes the session's sockets, everywhere closes all", async () => {
  const ada = await arrive("ada");
  const first = await ada.connect();
  await ada.must("signOutEverywhere");
  assert.equal(await first.closed, CLOSE.unauthenticated);
  assert.equal(await (await ada.connect()).closed, CLOSE.unauthenticated);
});

test("bad frames are answered, and after ten the socket is closed", async () => {
  const ada = await arrive("ada");
  const socket = await ada.connect();
  const bad = [
    "",
    "{",
    "[]",
    "null",
    '{"t":"fly"}',
    '{"t":"ping","x":1}',
    '{"t":"send"}',
    '"ping"',
    "\u0000",
  ];
  for (const text of bad) {
    socket.ws.send(text);
    assert.equal((await socket.next("error")).code, "bad-frame");
  }
  socket.ws.send(Buffer.from('{"t":"ping"}'));
  assert.equal((await socket.next("error")).code, "bad-frame");
  assert.equal(await socket.closed, CLOSE.tooManyBadFrames);
});

test("a frame past the bound ends the socket before it is read", async () => {
  const ada = await arrive("ada");
  const socket = await ada.connect();
  socket.ws.send("x".repeat(128 * 1024 + 1));
  assert.equal(await socket.closed, 1009);
});

test("a flood is cut off", async () => {
  const ada = await arrive("ada");
  await using small = await server.sibling({ env: { RATE_LIMIT_MESSAGES_MAX: "10" } });
  const socket = await (await ada.another(small.publicUrl)).connect();
  for (let i = 0; i < 400; i += 1) socket.send({ t: "ping" });
  assert.equal(await socket.closed, CLOSE.rateLimited);
});

test("messages past the limit are refused with the time to wait, over both ways together", async () => {
  await using small = await server.sibling({ env: { RATE_LIMIT_MESSAGES_MAX: "5" } });
  const [ada, bob] = [
    await Person.arrive(small.publicUrl, "ada"),
    await Person.arrive(small.publicUrl, "bob"),
  ];
  const id = await ada.converse([bob]);
  const socket = await ada.connect();
  for (let i = 0; i < 3; i += 1)
    socket.send({ t: "send", conversationId: id, ...(await ada.encrypt(id, "x")) });
  for (let i = 0; i < 3; i += 1) await socket.next("ack");
  assert.equal((await ada.send(id, "x")).status, 201);
  assert.equal((await ada.send(id, "x")).status, 201);
  const refused = await ada.send(id, "x");
  assert.deepEqual([refused.status, refused.code], [429, "rate-limited"]);
  assert.ok(Number(refused.headers.get("retry-after")) > 0);
  socket.send({ t: "send", conversationId: id, ...(await ada.encrypt(id, "x")) });
  const nack = await socket.next("nack");
  assert.equal(nack.code, "rate-limited");
  assert.ok((nack.retryAfter ?? 0) > 0);
  socket.close();
});

test("typing reaches the others of the conversation, and nobody else can feign it", async () => {
  const [ada, bob, eve] = [await arrive("ada"), await arrive("bob"), await arrive("eve")];
  const id = await ada.converse([bob]);
  const [adas, bobs, eves] = await Promise.all([ada.connect(), bob.connect(), eve.connect()]);
  adas.send({ t: "typing", conversationId: id, on: true });
  assert.deepEqual(await bobs.next("typing"), { t: "typing", conversationId: id, userId: ada.id, on: true });
  eves.send({ t: "typing", conversationId: id, on: true });
  assert.equal((await eves.next("error")).code, "unknown-conversation");
  await adas.settled();
  assert.ok(!adas.frames.some((frame) => frame.t === "typing"));
  for (const socket of [adas, bobs, eves]) socket.close();
});

test("presence is told of acquaintances only", async () => {
  const [ada, bob, eve] = [await arrive("ada"), await arrive("bob"), await arrive("eve")];
  await ada.converse([bob]);
  const adas = await ada.connect();
  const eves = await eve.connect();
  adas.send({ t: "watch", userIds: [bob.id, eve.id] });
  assert.deepEqual(await adas.next("presence"), { t: "presence", userId: bob.id, online: false });
  const bobs = await bob.connect();
  assert.equal((await adas.next("presence")).online, true);
  bobs.close();
  assert.equal((await adas.next("presence")).online, false);
  await adas.settled();
  assert.ok(!adas.frames.some((frame) => frame.t === "presence"));
  for (const socket of [adas, eves]) socket.close();
});

test("receipts over the socket are merged, stored and told", async () => {
  const [ada, bob] = [await arrive("ada"), await arrive("bob")];
  const id = await ada.converse([bob]);
  for (let i = 0; i < 5; i += 1) await ada.send(id, `${i}`);
  const [adas, bobs] = await Promise.all([ada.connect(), bob.connect()]);
  for (let seq = 2; seq <= 6; seq += 1) bobs.send({ t: "receipt", conversationId: id, delivered: seq });
  const receipt = await adas.next("receipt", (frame) => frame.delivered === 6);
  assert.equal(receipt.userId, bob.id);
  bobs.send({ t: "receipt", conversationId: randomUUID(), read: 1 });
  assert.equal((await bobs.next("error")).code, "unknown-conversation");
  for (const socket of [adas, bobs]) socket.close();
});

/** A client that shakes hands and then never reads again. */
async function deafSocket(person: Person): Promise<{ done: Promise<void>; resume(): void }> {
  const { port } = new URL(server.publicUrl);
  const socket = connectTcp({ port: Number(port), host: "127.0.0.1" });
  socket.write(
    `GET /ws?device=${person.deviceId} HTTP/1.1\r\nHost: localhost:${port}\r\nOrigin: ${server.publicUrl}\r\n` +
      `Cookie: ${person.cookie}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
  );
  let text = "";
  await new Promise<void>((resolve) => {
    socket.on("data", (chunk) => {
      text = (text + chunk.toString("latin1")).slice(-4096);
      if (text.includes('"t":"ready"')) resolve();
    });
  });
  socket.pause();
  const done = new Promise<void>((resolve) => socket.on("close", () => resolve()));
  return { done, resume: () => socket.resume() };
}

test("a socket that does not read is closed, and others are served meanwhile", async () => {
  const [ada, bob, eve] = [await arrive("ada"), await arrive("bob"), await arrive("eve")];
  const id = await ada.converse([bob, eve]);
  const deaf = await deafSocket(bob);
  const [adas, eves] = await Promise.all([ada.connect(), eve.connect()]);
  // More than the buffers of both ends of a connection take. One ciphertext serves: the server cannot tell.
  const message = await ada.encrypt(id, "x".repeat(48_000));
  const count = 300;
  for (let i = 0; i < count; i += 1) {
    adas.send({ t: "send", conversationId: id, ...message, id: randomUUID() });
    if (i % 10 === 9) for (let n = 0; n < 10; n += 1) await adas.next("ack");
  }
  await eves.next("message", (frame) => frame.m.seq === count + 1);
  // What it was told last it may hear or not: its time to answer runs already.
  deaf.resume();
  await deaf.done;
  for (const socket of [adas, eves]) socket.close();
});
