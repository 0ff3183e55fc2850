import assert from "node:assert/strict";
import { test } from "node:test";
import { totpCode, until as untilTrue } from "@rempart/testing";
import type { Me } from "../src/client/api.ts";
import type { CorePorts } from "../src/core/ports.ts";
import { keys } from "../src/core/storage/records.ts";
import {
  anotherDevice,
  arrive,
  conversation,
  done,
  reads,
  ready,
  texts,
  timeline,
} from "./support/person.ts";
import { startProxy } from "./support/proxy.ts";
import { serverOfTests } from "./support/server.ts";
import { until } from "./support/until.ts";

const HOUR_MS = 3_600_000;
const HALF_A_MINUTE_MS = 30_000;

const server = await serverOfTests();

test("refusals come back as codes, and nobody is signed in by them", async () => {
  const ada = await arrive(server.url, "Ada");
  const { email } = ada.credentials;
  done(await ada.client.signOut({}));
  assert.deepEqual(await ada.client.signIn({ email, password: "wrong password" }), {
    ok: false,
    code: "wrong-credentials",
  });
  const again = await ada.client.signUp({ email, password: "another password", name: "Ada" });
  assert.equal(!again.ok && again.code, "email-taken");
  assert.equal(ada.client.app.get().phase, "signed-out");
  const command = await ada.client.searchUsers("anybody");
  assert.equal(!command.ok && command.code, "unauthenticated");
});

test("signing out and in again keeps the device and its history", async () => {
  const [ada, bob] = await Promise.all([arrive(server.url, "Ada"), arrive(server.url, "Bob")]);
  const { conversationId: id } = done(await ada.client.startDirect(bob.id));
  done(await ada.client.send(id, "kept"));
  await reads(bob, id, "kept");
  const before = deviceOf(ada);
  done(await ada.client.signOut({}));
  assert.equal(ada.client.conversations.get(), null);
  assert.deepEqual(ada.client.timeline(id).get().items, []);
  done(await bob.client.send(id, "while away"));
  done(await ada.client.signIn(ada.credentials));
  await ready(ada);
  assert.equal(deviceOf(ada), before);
  const items = await timeline(ada, id, (seen) => texts(seen).includes("while away"));
  assert.deepEqual(texts(items), ["kept", "while away"]);
});

test("without the server, history can be read and messages written; they leave when it is back", async () => {
  await using proxy = await startProxy(server.url);
  const ada = await arrive(proxy.url, "Ada");
  const bob = await arrive(server.url, "Bob");
  const { conversationId: id } = done(await ada.client.startDirect(bob.id));
  done(await ada.client.send(id, "before"));
  await reads(bob, id, "before");
  await ada.close();
  proxy.down();

  const tab = await ada.profile.open();
  await until(tab.client.app, ({ phase }) => phase === "ready", "the phase ready");
  await reads(tab, id, "before");
  done(await tab.client.send(id, "written offline"));
  proxy.up();
  tab.client.reconnect();
  await reads(bob, id, "written offline");
});

test("a deleted account leaves nothing in its browser, and the others go on without it", async () => {
  const [ada, bob, cleo] = await Promise.all(["Ada", "Bob", "Cleo"].map((name) => arrive(server.url, name)));
  assert.ok(ada && bob && cleo);
  const userIds = [bob.id, cleo.id];
  const { conversationId: id } = done(await ada.client.createGroup({ title: "Rowing", userIds }));
  done(await ada.client.send(id, "farewell"));
  const pair = done(await ada.client.startDirect(bob.id)).conversationId;
  done(await ada.client.send(pair, "between us"));
  await reads(bob, pair, "between us");
  await Promise.all([reads(bob, id, "farewell"), reads(cleo, id, "farewell")]);
  done(await ada.client.eraseAccount());
  assert.deepEqual(ada.client.app.get(), { phase: "signed-out", reason: "erased" });
  assert.deepEqual(storedOf(ada), []);
  done(await bob.client.send(id, "just us"));
  await reads(cleo, id, "just us");
  const { members } = await conversation(cleo, id, (seen) => seen.members.length === 2);
  assert.deepEqual(members.map((member) => member.id).toSorted(), [...userIds].toSorted());
  assert.ok(members.some(({ role }) => role === "owner"));
  done(await bob.client.send(pair, "nobody there?"));
  const items = await timeline(bob, pair, (seen) =>
    seen.some(
      (item) =>
        item.kind === "text" && item.mine && item.delivery !== "queued" && item.delivery !== "sending",
    ),
  );
  assert.deepEqual(texts(items), ["between us", "nobody there?"]);
  assert.equal((await conversation(bob, pair)).title, "Ada");
});

test("a deletion whose answer was lost is finished here once the session has ended, also after a reload", async () => {
  for (const reloads of [false, true]) {
    const ada = await arrive(server.url, "Ada", { change: losingAnswersTo("/api/v1/account") });
    const lost = await ada.client.eraseAccount();
    assert.equal(!lost.ok && lost.code, "offline");
    if (reloads) await ada.close();
    const tab = reloads ? await ada.profile.open() : ada;
    const app = await until(tab.client.app, ({ phase }) => phase === "signed-out", "being signed out");
    assert.deepEqual(app, { phase: "signed-out", reason: "erased-unconfirmed" });
    assert.deepEqual(storedOf(ada), []);
  }
});

test("a server that says the session has ended erases nothing: not unasked, and not when the account was seen since", async () => {
  const ada = await arrive(server.url, "Ada", { change: refusing("/api/v1/account") });
  await ada.close();
  await endSessions(ada.id);
  const tab = await ada.profile.open();
  const app = await until(tab.client.app, ({ phase }) => phase === "signed-out", "being signed out");
  assert.deepEqual(app, { phase: "signed-out", reason: "expired" });
  assert.notDeepEqual(storedOf(ada), []);

  const bob = await arrive(server.url, "Bob", { change: refusing("/api/v1/account") });
  assert.equal((await bob.client.eraseAccount()).ok, false);
  await bob.close();
  await ready(await bob.profile.open());
  await endSessions(bob.id);
  const again = await bob.profile.open();
  await until(again.client.app, ({ phase }) => phase === "signed-out", "being signed out");
  assert.notDeepEqual(storedOf(bob), []);
});

test("a session that is revoked elsewhere ends here, and says why", async () => {
  const ada = await arrive(server.url, "Ada");
  const phone = await anotherDevice(ada, server.url);
  const sessions = done(await phone.client.sessions());
  const other = sessions.find(({ current }) => !current);
  assert.ok(other);
  done(await phone.client.revokeSession(other.id));
  const app = await until(ada.client.app, ({ phase }) => phase === "signed-out", "being signed out");
  assert.deepEqual(app, { phase: "signed-out", reason: "expired" });
});

test("a day later the session's token is replaced, by the one tab that owns the account", async () => {
  const ada = await arrive(server.url, "Ada");
  const isRemembered = (): boolean => ada.profile.disks.dump().some(({ key }) => key === keys.refreshed);
  await untilTrue(isRemembered);
  await ada.close();
  const refreshes: string[] = [];
  const tomorrow = (ports: CorePorts): CorePorts => ({
    ...ports,
    clock: { ...ports.clock, now: () => ports.clock.now() + 25 * HOUR_MS },
    async fetch(path, init) {
      const response = await ports.fetch(path, init);
      if (path === "/api/auth/refresh") refreshes.push(path);
      return response;
    },
  });
  const owner = await ada.profile.open(tomorrow);
  await ready(owner);
  const other = await ada.profile.open(tomorrow);
  await until(other.client.app, ({ phase }) => phase === "elsewhere", "being elsewhere");
  await untilTrue(() => refreshes.length > 0);
  const [before] = done(await owner.client.sessions());
  const [row] = await server.database.query<{ count: number }>(
    "SELECT count(*) FROM superseded_tokens WHERE session_id = $1",
    [before?.id],
  );
  assert.equal(row?.count, 1, "the earlier token is known as replaced");
  assert.equal(refreshes.length, 1);
});

test("an account with a second factor is entered in two steps, and a role that came is seen at once", async () => {
  const ada = await arrive(server.url, "Ada");
  const { secret } = done(await ada.client.startTotp());
  const codes = done(await ada.client.confirmTotp(totpCode(secret)));
  assert.equal(codes?.length, 10);
  assert.equal(meOf(ada)?.mfaEnabled, true);
  await server.database.query("UPDATE users SET role = 'MODERATOR' WHERE id = $1", [ada.id]);
  done(await ada.client.replaceRecoveryCodes());
  done(await ada.client.signOut({}));

  const step = done(await ada.client.signIn(ada.credentials));
  assert.ok(step.status === "second-factor");
  assert.deepEqual(step.methods, ["totp", "recovery-code"]);
  assert.equal(ada.client.app.get().phase, "signed-out");
  const { challenge } = step;
  const wrong = await ada.client.completeSignIn({ challenge, proof: { method: "totp", code: "000000" } });
  assert.equal(!wrong.ok && wrong.code, "wrong-factor");
  const code = totpCode(secret, Date.now() + HALF_A_MINUTE_MS);
  done(await ada.client.completeSignIn({ challenge, proof: { method: "totp", code } }));
  await ready(ada);
  assert.equal(meOf(ada)?.role, "MODERATOR");
});

test("a stale proof is asked for again, and what needs it then works", async () => {
  const ada = await arrive(server.url, "Ada");
  await server.database.query(
    "UPDATE sessions SET authenticated_at = now() - interval '1 hour' WHERE user_id = $1",
    [ada.id],
  );
  const refused = await ada.client.startTotp();
  assert.equal(!refused.ok && refused.code, "step-up-required");
  const wrong = await ada.client.stepUp({ password: "not the password" });
  assert.equal(!wrong.ok && wrong.code, "wrong-credentials");
  done(await ada.client.stepUp({ password: ada.credentials.password }));
  done(await ada.client.startTotp());
});

test("all other sessions end at once, and this one goes on", async () => {
  const ada = await arrive(server.url, "Ada");
  const phone = await anotherDevice(ada, server.url);
  done(await ada.client.revokeOtherSessions());
  await until(phone.client.app, ({ phase }) => phase === "signed-out", "being signed out");
  assert.equal(done(await ada.client.sessions()).length, 1);
});

test("without mail the server says so, and a link that is none is told from one", async () => {
  const ada = await arrive(server.url, "Ada");
  const mail = await ada.client.resendVerification();
  assert.equal(!mail.ok && mail.code, "not-configured");
  const link = await ada.client.verifyEmail("x".repeat(43));
  assert.equal(!link.ok && link.code, "invalid-link");
  assert.equal(ada.client.app.get().phase, "ready");
});

test("a new name reaches the others", async () => {
  const [ada, bob] = await Promise.all([arrive(server.url, "Ada"), arrive(server.url, "Bob")]);
  const { conversationId: id } = done(await ada.client.startDirect(bob.id));
  await conversation(bob, id, ({ title }) => title === "Ada");
  done(await ada.client.rename("Ada L."));
  const app = ada.client.app.get();
  assert.equal(app.phase === "ready" && app.me.name, "Ada L.");
  await bob.close();
  const back = await bob.profile.open();
  await conversation(back, id, ({ title }) => title === "Ada L.");
});

test("drafts, typing and presence", async () => {
  const [ada, bob] = await Promise.all([arrive(server.url, "Ada"), arrive(server.url, "Bob")]);
  const { conversationId: id } = done(await ada.client.startDirect(bob.id));
  await conversation(ada, id, ({ members }) =>
    members.some((member) => member.id === bob.id && member.online),
  );
  await conversation(bob, id);
  ada.client.setTyping(id, true);
  await conversation(bob, id, ({ typing }) => typing.some((person) => person.id === ada.id));
  ada.client.setTyping(id, false);
  await conversation(bob, id, ({ typing }) => typing.length === 0);
  ada.client.saveDraft(id, "half a thou");
  ada.client.saveDraft(id, "half a thought");
  await conversation(ada, id, ({ draft }) => draft === "half a thought");
  await bob.close();
  await conversation(ada, id, ({ members }) =>
    members.every((member) => member.id !== bob.id || !member.online),
  );
});

/** The server does it; the connection dies before it can say so. */
function losingAnswersTo(lost: string): (ports: CorePorts) => CorePorts {
  return (ports) => ({
    ...ports,
    async fetch(path, init) {
      const response = await ports.fetch(path, init);
      if (path === lost) throw new TypeError("connection lost");
      return response;
    },
  });
}

/** The request never arrives. */
function refusing(refused: string): (ports: CorePorts) => CorePorts {
  return (ports) => ({
    ...ports,
    fetch: (path, init) =>
      path === refused ? Promise.reject(new TypeError("no way")) : ports.fetch(path, init),
  });
}

async function endSessions(userId: string): Promise<void> {
  await server.database.query("DELETE FROM sessions WHERE user_id = $1", [userId]);
}

function storedOf({ profile, id }: Awaited<ReturnType<typeof arrive>>) {
  return profile.disks.dump().filter(({ name }) => name.includes(id));
}

function meOf({ client }: Awaited<ReturnType<typeof arrive>>): Me | null {
  const app = client.app.get();
  return app.phase === "ready" ? app.me : null;
}

function deviceOf(person: Awaited<ReturnType<typeof arrive>>): string | null {
  return meOf(person)?.deviceId ?? null;
}
