import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { connect } from "node:net";
import { test } from "node:test";
import { closeServer, listen } from "./listening.ts";

const HOST = "127.0.0.1";

test("a port that is taken is refused with the system's error, and leaves no listener behind", async () => {
  const [first, second] = [createServer(), createServer()];
  const { port } = await listen(first, HOST, 0);
  assert.ok(port > 0);
  await assert.rejects(listen(second, HOST, port), { code: "EADDRINUSE" });
  assert.equal(second.listenerCount("error"), 0);
  await closeServer(first, 0);
});

test("who lingers is cut after the grace, and whoever is answered within it is not", async () => {
  const served = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  const server = createServer(async (_, response) => {
    asked.resolve();
    await served.promise;
    response.end("done");
  });
  const { port } = await listen(server, HOST, 0);
  const answer = fetch(`http://${HOST}:${port}/`).then((response) => response.text());
  await asked.promise;
  const closing = closeServer(server, 600_000);
  served.resolve();
  assert.equal(await answer, "done");
  await closing;

  const other = createServer(() => {});
  const place = await listen(other, HOST, 0);
  const socket = connect(place.port, HOST);
  await once(other, "connection");
  const ended = once(socket, "close");
  await closeServer(other, 0);
  await ended;
});
