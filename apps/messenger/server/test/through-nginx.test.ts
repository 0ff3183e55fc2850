import assert from "node:assert/strict";
import { Agent } from "node:https";
import { test } from "node:test";
import { requireService } from "@rempart/testing";
import { WebSocket } from "ws";
import { SITE, startProxy } from "./support/nginx.ts";
import { Person } from "./support/person.ts";
import { testMessenger } from "./support/server.ts";

const { skip } = await requireService("nginx");

test("the messenger is reached through nginx: pages' requests of its own origin, and the WebSocket", {
  skip,
}, async () => {
  await using messenger = await testMessenger({ env: { TRUSTED_PROXY_HOPS: "1" } });
  await using proxy = await startProxy({ upstream: Number(new URL(messenger.publicUrl).port) });
  assert.equal((await proxy.ask("/health/ready")).status, 200);

  const signIn = (origin: string) =>
    proxy.ask("/api/v1/auth/sign-in", {
      method: "POST",
      headers: { origin, "content-type": "application/json" },
      body: JSON.stringify({ email: "nobody@example.org", password: "does not matter" }),
    });
  assert.equal((await signIn(`https://${SITE}`)).status, 401);
  assert.equal((await signIn("https://evil.example")).status, 403);

  const ada = await Person.arrive(messenger.publicUrl, "ada");
  const open = (origin: string): Promise<string> => {
    const ws = new WebSocket(`wss://127.0.0.1:${proxy.port}/ws?device=${ada.deviceId}`, {
      agent: new Agent({ servername: SITE, ca: proxy.ca }),
      headers: { host: SITE, origin, cookie: ada.cookie },
    });
    return new Promise((resolve) => {
      ws.once("message", (frame) => {
        resolve(JSON.parse(String(frame)).t);
        ws.terminate();
      });
      ws.once("unexpected-response", (_request, { statusCode }) => resolve(String(statusCode)));
      ws.on("error", () => undefined);
    });
  };
  assert.equal(await open(`https://${SITE}`), "ready");
  assert.equal(await open("https://evil.example"), "403");
});
