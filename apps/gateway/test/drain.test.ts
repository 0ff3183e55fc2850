import assert from "node:assert/strict";
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { test } from "node:test";
import { until } from "@rempart/testing";
import { WebSocket, WebSocketServer } from "ws";
import { startInFront, startUpstream } from "./support.ts";

test("draining answers what is under way, refuses the new, and says so to whoever asks", async () => {
  const held: ServerResponse[] = [];
  await using upstream = await startUpstream((_, response) => void held.push(response));
  await using gateway = await startInFront([upstream.url]);
  const first = fetch(gateway.url);
  await until(() => held.length === 1);
  const drained = gateway.drain();
  await until(async () => (await fetch(`${gateway.adminUrl}/health/ready`)).status === 503);
  await assert.rejects(fetch(gateway.url));
  held[0]?.end("done");
  const answer = await first;
  assert.equal(await answer.text(), "done");
  assert.equal(answer.headers.get("connection"), "close");
  await drained;
  assert.equal(gateway.outcomes.at(-1)?.status, 200);
});

test("what lasts by nature is cut at the deadline", async () => {
  await using upstream = await startUpstream((_, response) => {
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    response.write("data: 1\n\n");
  });
  const sockets = new WebSocketServer({ server: upstream.server });
  await using gateway = await startInFront([upstream.url], { drain: { deadlineMs: 100 } });
  const stream = await fetch(gateway.url);
  const socket = new WebSocket(gateway.url.replace("http", "ws"));
  await once(socket, "open");
  const closed = once(socket, "close");
  await gateway.drain();
  await assert.rejects(stream.text());
  assert.equal((await closed)[0], 1006);
  sockets.close();
});

test("a WebSocket whose handshake nobody answers does not outlast the deadline", async () => {
  await using upstream = await startUpstream(() => {});
  const asked = once(upstream.server, "upgrade");
  await using gateway = await startInFront([upstream.url], { drain: { deadlineMs: 100 } });
  const socket = new WebSocket(gateway.url.replace("http", "ws"));
  const failed = once(socket, "error");
  const [, held] = await asked;
  await gateway.drain();
  await failed;
  held.destroy();
});
