/** What people and strangers do, in minutes that pass at once: each is told of to a real receiver, and that it ended. */
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { askAdmin } from "./support/administrator.ts";
import { Person } from "./support/person.ts";
import type { TestSocket } from "./support/socket.ts";
import { type WatchedMessenger, watchedMessenger } from "./support/watched.ts";

/** Ten at a time. */
async function times(count: number, act: (index: number) => Promise<unknown>): Promise<void> {
  for (let done = 0; done < count; done += 10) {
    await Promise.all(Array.from({ length: 10 }, (_, index) => act(done + index)));
  }
}

test("attacks are told of while they go on", async () => {
  await using watched = await watchedMessenger({
    env: { RATE_LIMIT_MESSAGES_MAX: "10", TRUSTED_PROXY_HOPS: "1" },
  });
  const { server, watch, told } = watched;
  await watch.pass(60, 5);
  const sam = await Person.arrive(server.publicUrl, "Sam");
  const { accessToken } = await sam.must("refresh");

  await fetch(`${server.publicUrl}/api/v1/users?q=${encodeURIComponent("' OR 1=1; DROP TABLE users --")}`);
  await askAdmin(server, "/admin/users/search", { headers: { authorization: `Bearer ${accessToken}` } });
  await told("InjectionAttempt", "firing");
  await told("UnauthorizedAdminAccess", "firing");

  await times(300, (index) => signInWrong(watched, index));
  await told("BruteForce", "firing");
  await told("LowAuthSuccessRate", "firing");

  await told("HighCSRFBlocks", "firing", { each: () => times(120, () => forge(watched)) });

  // Detection throws out whoever goes on like that: each minute it is somebody else.
  const floodAnew = async (): Promise<void> => {
    const someone = await Person.arrive(server.publicUrl, "Sam");
    await times(80, () => flood(someone));
  };
  await told("RateLimitsRefuseMany", "firing", { each: floodAnew });

  for (const rule of [
    "InjectionAttempt",
    "UnauthorizedAdminAccess",
    "BruteForce",
    "LowAuthSuccessRate",
    "HighCSRFBlocks",
    "RateLimitsRefuseMany",
  ]) {
    await told(rule, "resolved");
  }
});

/** From many addresses: one is banned soon. */
function signInWrong({ server }: WatchedMessenger, index: number): Promise<unknown> {
  return fetch(`${server.publicUrl}/api/v1/auth/sign-in`, {
    method: "POST",
    headers: {
      origin: server.publicUrl,
      "content-type": "application/json",
      "x-forwarded-for": `203.0.113.${index % 60}`,
    },
    body: JSON.stringify({ email: `${randomUUID()}@example.org`, password: "not the password" }),
  });
}

/** A page of another site posts. */
function forge({ server }: WatchedMessenger): Promise<unknown> {
  return fetch(`${server.publicUrl}/api/v1/auth/sign-in`, {
    method: "POST",
    headers: { origin: "https://evil.example", "content-type": "application/json" },
    body: "{}",
  });
}

/** Into no conversation: the limit counts before anybody looks. */
function flood(person: Person): Promise<unknown> {
  const body = { id: randomUUID(), deviceId: person.deviceId, epoch: 1, body: "AAAA" };
  return person.call("sendMessage", { params: { conversationId: randomUUID() }, body });
}

test("what people usually do, and do no more, is told", async () => {
  await using watched = await watchedMessenger();
  const { server, watch, told } = watched;
  const [ada, bob] = [
    await Person.arrive(server.publicUrl, "Ada"),
    await Person.arrive(server.publicUrl, "Bob"),
  ];
  const sockets: TestSocket[] = [];
  for (const person of [ada, bob]) {
    for (let i = 0; i < 13; i++) sockets.push(await person.connect());
  }
  const conversationId = await ada.converse([bob]);
  await watch.pass(60);
  for (const { ws } of sockets.slice(3)) ws.terminate();
  await told("ConnectionsLost", "firing");

  const { epoch, body } = await ada.encrypt(conversationId, "hello");
  const send = (): Promise<unknown> =>
    ada.must("sendMessage", {
      params: { conversationId },
      body: { id: randomUUID(), deviceId: ada.deviceId, epoch, body },
    });
  await times(520, send);
  await told("MessagesStopped", "firing");
  const from = watched.receiver.told.length;
  await send();
  await told("MessagesStopped", "resolved", { from });
  await told("ConnectionsLost", "resolved");
});
