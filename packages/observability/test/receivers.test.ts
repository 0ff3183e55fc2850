import assert from "node:assert/strict";
import { createHmac, hash } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer as createPlainServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { after, test } from "node:test";
import { inspect } from "node:util";
import { manualClock } from "@rempart/kernel";
import { Secret, silentLogger } from "@rempart/runtime";
import { testCertificate, until } from "@rempart/testing";
import {
  type Fault,
  type ReceivedHook,
  ROUTING_KEY,
  SLACK_CHANNEL,
  SLACK_HOOK,
  SLACK_TOKEN,
  startHook,
  startPagerDuty,
  startSlack,
  type WireServer,
} from "@rempart/testing/receivers";
import { startSmtp } from "@rempart/testing/smtp";
import fc from "fast-check";
import { z } from "zod";
import {
  createReceivers,
  type Delivery,
  parseReceiver,
  type Receiver,
  type ReceiverSettings,
} from "../src/receivers/index.ts";
import {
  AT,
  anyNotification,
  anyWording,
  HOSTILE,
  notification,
  notifiedAlert,
  resolution,
  WORDING,
} from "./notifications.ts";

const KEY = Buffer.alloc(32, 7);
const SIGNING_SECRET = `whsec_${KEY.toString("base64")}`;
const PASSWORD = "p@ss/word of the test";

const slack = await startSlack();
const pagerDuty = await startPagerDuty();
const hook = await startHook();
const smtp = await startSmtp({ login: { user: "alerts", password: PASSWORD } });
after(() => Promise.all([slack, pagerDuty, hook, smtp].map((server) => server[Symbol.asyncDispose]())));

function mailServer(url: string, password = PASSWORD): Secret {
  return new Secret(url.replace("//", `//alerts:${encodeURIComponent(password)}@`));
}

function receiver(address: string, secret = "", more: Partial<ReceiverSettings> = {}): Receiver {
  const config = parseReceiver(`team=${address}`);
  assert.ok(config !== null, address);
  const [made] = createReceivers([config], {
    secrets: new Map(secret === "" ? [] : [["team", new Secret(secret)]]),
    wording: WORDING,
    source: "messenger.example",
    mail: { server: mailServer(smtp.url), from: "Rempart <alerts@example.com>" },
    clock: manualClock(AT),
    log: silentLogger,
    ...more,
  });
  assert.ok(made !== undefined);
  return made;
}

const slackHook = () => receiver("slack:", `${slack.address}${SLACK_HOOK}`);
const slackBot = () => receiver(`slack+${slack.api}?channel=${SLACK_CHANNEL}`, SLACK_TOKEN);
const pager = () => receiver(`pagerduty+${pagerDuty.url}`, ROUTING_KEY);
const signed = () => receiver(`webhook+${hook.address}/alerts`, SIGNING_SECRET);
const mail = () => receiver("mailto:ops@example.com;oncall@example.com");

const patient = (): AbortSignal => AbortSignal.timeout(20_000);
const send = (to: Receiver, what = notification()): Promise<Delivery> => to.send(what, patient());

function lastHook(): ReceivedHook {
  const last = hook.received.at(-1);
  assert.ok(last !== undefined);
  return last;
}

const crowd = Array.from({ length: 100 }, (_, index) =>
  notifiedAlert({
    labels: { path: HOSTILE[index % HOSTILE.length] as string, instance: `m-${index}` },
    summary: HOSTILE[(index + 1) % HOSTILE.length] as string,
  }),
);
const crowded = notification({ alerts: crowd, omitted: 9_900, groupLabels: { path: HOSTILE[10] } });

test("Slack takes a notification by an incoming webhook and by chat.postMessage", async () => {
  for (const way of [slackHook(), slackBot()]) {
    assert.deepEqual(await send(way), { kind: "accepted" });
    const message = slack.messages.at(-1);
    assert.equal(message?.blocks[0]?.text?.text, "🔴 [CRITICAL] HighErrorRate (application)");
    assert.match(message?.blocks[2]?.text?.text ?? "", /Labels: job="messenger"/);
    assert.equal(
      message?.blocks.at(-1)?.elements?.[0]?.text,
      "<https://docs.example/runbooks/high-error-rate.md|Runbook>",
    );
    assert.deepEqual(await send(way, resolution()), { kind: "accepted" });
    assert.match(slack.messages.at(-1)?.text ?? "", /^🟢 \[RESOLVED\]/);
  }
});

test("Slack's own words are understood", async () => {
  const base = slack.address;
  assert.deepEqual(await send(receiver("slack:", `${base}/services/T0/B0/wrong`)), {
    kind: "refused",
    reason: "answered 403: invalid_token",
  });
  assert.deepEqual(await send(receiver("slack:", `${base}/gone`)), {
    kind: "refused",
    reason: "answered 404: no_service",
  });
  assert.deepEqual(await send(receiver(`slack+${slack.api}?channel=${SLACK_CHANNEL}`, "xoxb-revoked")), {
    kind: "refused",
    reason: "refused: invalid_auth",
  });
  assert.deepEqual(await send(receiver(`slack+${slack.api}?channel=elsewhere`, SLACK_TOKEN)), {
    kind: "refused",
    reason: "refused: channel_not_found",
  });
  slack.archive(true);
  assert.deepEqual(await send(slackHook()), { kind: "refused", reason: "answered 410: channel_is_archived" });
  assert.deepEqual(await send(slackBot()), { kind: "refused", reason: "refused: is_archived" });
  slack.archive(false);
});

test("a hundred hostile alerts are taken by Slack, and no markup of theirs is markup", async () => {
  assert.deepEqual(await send(slackHook(), crowded), { kind: "accepted" });
  const message = slack.messages.at(-1);
  assert.ok(message !== undefined && message.blocks.length <= 50);
  assert.match(JSON.stringify(message.blocks), /and 9,980 more alerts/);
  for (const { text } of message.blocks) {
    if (text === undefined) continue;
    assert.equal(text.type, "plain_text");
    assert.doesNotMatch(text.text, /[<>]|&(?!amp;|lt;|gt;)/);
  }
});

test("PagerDuty has one alert for a group, triggered again without a second one, acknowledged and resolved", async () => {
  const key = hash("sha256", notification().groupKey);
  assert.deepEqual(await send(pager()), { kind: "accepted" });
  assert.deepEqual(await send(pager(), notification({ id: "another", occasion: "repeated" })), {
    kind: "accepted",
  });
  assert.equal(pagerDuty.alerts.get(key), "triggered");
  const { payload, links } = pagerDuty.events.at(-1) ?? {};
  assert.equal(payload?.summary, "[CRITICAL, still firing] HighErrorRate (application)");
  assert.equal(payload?.severity, "critical");
  assert.equal(payload?.source, "messenger.example");
  assert.deepEqual(links, [{ href: "https://docs.example/runbooks/high-error-rate.md", text: "Runbook" }]);
  const alerts = [notifiedAlert({ acknowledgedBy: "ada" })];
  const acknowledged = notification({ id: "one more", occasion: "acknowledged", alerts });
  assert.deepEqual(await send(pager(), acknowledged), { kind: "accepted" });
  assert.equal(pagerDuty.alerts.get(key), "acknowledged");
  assert.deepEqual(await send(pager(), resolution()), { kind: "accepted" });
  assert.equal(pagerDuty.alerts.get(key), "resolved");
  assert.equal(pagerDuty.alerts.size, 1);
});

test("PagerDuty's problems are told without the key", async () => {
  const unknown = receiver(`pagerduty+${pagerDuty.url}`, "f".repeat(32));
  assert.deepEqual(await send(unknown), {
    kind: "refused",
    reason: "answered 400: 'routing_key' is unknown",
  });
  pagerDuty.fault = "denied";
  assert.deepEqual(await send(pager()), {
    kind: "refused",
    reason: "answered 400: Invalid routing key [secret]",
  });
  pagerDuty.fault = "none";
});

test("a hundred hostile alerts are within PagerDuty's bounds, also with wide characters", async () => {
  assert.deepEqual(await send(pager(), crowded), { kind: "accepted" });
  const labels = Object.fromEntries(
    Array.from({ length: 30 }, (_, index) => [`l${index}`, "é中".repeat(100)]),
  );
  const wide = notification({ alerts: crowd.map((alert) => ({ ...alert, labels })) });
  assert.deepEqual(await send(pager(), wide), { kind: "accepted" });
  assert.match(JSON.stringify(pagerDuty.events.at(-1)), /… and [\d,]+ more alerts/);
});

test("a webhook is signed as Standard Webhooks says, with the same id at every try", async () => {
  assert.deepEqual(await send(signed()), { kind: "accepted" });
  const { path, headers, body } = lastHook();
  assert.equal(path, "/alerts");
  assert.equal(headers["webhook-id"], notification().id);
  assert.equal(headers["webhook-timestamp"], String(AT / 1000));
  const expected = createHmac("sha256", KEY).update(`${notification().id}.${AT / 1000}.${body}`);
  assert.equal(headers["webhook-signature"], `v1,${expected.digest("base64")}`);
  const { type, timestamp, version, data } = JSON.parse(body);
  assert.deepEqual([type, timestamp, version], ["alerts.firing", new Date(AT).toISOString(), 1]);
  assert.equal(data.alerts[0].firingSince, new Date(AT - 300_000).toISOString());
  await send(signed());
  assert.equal(lastHook().headers["webhook-id"], notification().id);
});

test("a webhook is signed with each secret while the receiver changes them", async () => {
  const second = Buffer.alloc(24, 9);
  const both = `${SIGNING_SECRET} whsec_${second.toString("base64")}`;
  await send(receiver(`webhook+${hook.address}/alerts`, both));
  const { headers, body } = lastHook();
  const macs = [KEY, second].map((key) =>
    createHmac("sha256", key)
      .update(`${notification().id}.${AT / 1000}.${body}`)
      .digest("base64"),
  );
  assert.equal(headers["webhook-signature"], macs.map((mac) => `v1,${mac}`).join(" "));
});

test("a webhook of a hundred hostile alerts is bounded, and holds labels as they are", async () => {
  await send(signed(), crowded);
  const { body } = lastHook();
  assert.ok(Buffer.byteLength(body) <= 256 * 1024);
  const { data } = JSON.parse(body);
  assert.equal(data.alerts.length + data.omitted, 10_000);
  assert.equal(data.alerts[0].labels.path, HOSTILE[0]);
  assert.equal(data.groupLabels.path.length, 1_000);
});

test("a mail goes to every mailbox, as text and HTML, and groups and doubles can be told", async () => {
  assert.deepEqual(await send(mail()), { kind: "accepted" });
  for (const to of ["ops@example.com", "oncall@example.com"]) {
    const { raw } = await smtp.next(to, "HighErrorRate");
    assert.match(raw, /^Subject: \[CRITICAL\] HighErrorRate \(application\)\r$/m);
    assert.match(raw, /^Auto-Submitted: auto-generated\r$/m);
    assert.match(raw, new RegExp(`^Message-ID:\\s+<${hash("sha256", notification().id)}@rempart>\r$`, "m"));
    assert.match(raw, /text\/plain; charset=utf-8.*text\/html; charset=utf-8/s);
  }
});

test("hostile labels neither add a header to a mail nor markup to its HTML", async () => {
  const alerts = HOSTILE.map((text) =>
    notifiedAlert({ name: HOSTILE[1], labels: { path: text }, summary: text }),
  );
  assert.deepEqual(await send(mail(), notification({ alerts })), { kind: "accepted" });
  const { raw } = await smtp.next("ops@example.com", "Severity");
  assert.ok(!smtp.received.some(({ to }) => to === "all@example.com"));
  assert.doesNotMatch(raw.slice(0, raw.indexOf("\r\n\r\n")), /^Bcc/im);
  const html = raw.slice(raw.indexOf("text/html")).replaceAll("=\r\n", "");
  assert.match(html, /<h1/);
  assert.doesNotMatch(html, /<script|<img/);
});

test("what an SMTP server answers decides, and none of it is repeated", async () => {
  smtp.refuse(true);
  assert.deepEqual(await send(mail()), { kind: "retry", reason: "SMTP 451" });
  smtp.refuse(true, 550);
  assert.deepEqual(await send(mail()), { kind: "refused", reason: "SMTP 550" });
  smtp.refuse(false);
  const from = "alerts@example.com";
  const wrong = receiver("mailto:ops@example.com", "", {
    mail: { server: mailServer(smtp.url, "wrong"), from },
  });
  assert.deepEqual(await send(wrong), { kind: "refused", reason: "SMTP 535" });
});

test("a mail server that hangs, is away, or shows a certificate that nobody vouches for", async () => {
  const from = "alerts@example.com";
  const sockets: Socket[] = [];
  const silent = createServer((socket) => sockets.push(socket)).listen(0, "127.0.0.1");
  await once(silent, "listening");
  const { port } = silent.address() as AddressInfo;
  const to = (server: string) =>
    receiver("mailto:ops@example.com", "", { mail: { server: new Secret(server), from } });
  const impatience = new AbortController();
  const hanging = to(`smtp://127.0.0.1:${port}`).send(notification(), impatience.signal);
  await until(() => sockets.length === 1);
  impatience.abort();
  assert.deepEqual(await hanging, { kind: "retry", reason: "no answer in time" });
  for (const socket of sockets) socket.destroy();
  silent.close();
  await once(silent, "close");
  assert.equal((await send(to(`smtp://127.0.0.1:${port}`))).kind, "retry");
  await using stranger = await startSmtp({ certificate: testCertificate(["localhost"]) });
  const unverified = await send(to(stranger.url.replace("127.0.0.1", "localhost")));
  assert.equal(unverified.kind, "retry");
  assert.deepEqual(stranger.received, []);
});

test("an https receiver whose certificate nobody vouches for is told nothing", async () => {
  const { certificate, key } = testCertificate(["localhost"]);
  let requests = 0;
  const server = createTlsServer({ cert: certificate, key }, (_, response) => {
    requests += 1;
    response.end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  assert.deepEqual(await send(receiver(`webhook+https://localhost:${port}/`, SIGNING_SECRET)), {
    kind: "retry",
    reason: "not reached (DEPTH_ZERO_SELF_SIGNED_CERT)",
  });
  assert.equal(requests, 0);
  server.closeAllConnections();
  server.close();
});

const PEERS: readonly { server: WireServer; make: () => Receiver; afterMs: number; secret: string }[] = [
  { server: slack, make: slackHook, afterMs: 30_000, secret: SLACK_HOOK },
  { server: slack, make: slackBot, afterMs: 30_000, secret: SLACK_TOKEN },
  { server: pagerDuty, make: pager, afterMs: 60_000, secret: ROUTING_KEY },
  { server: hook, make: signed, afterMs: 7_000, secret: SIGNING_SECRET },
];

async function under(fault: Fault, { server, make, secret }: (typeof PEERS)[number]): Promise<Delivery> {
  const before = server.requests;
  const impatience = new AbortController();
  server.fault = fault;
  const sent = make().send(notification(), impatience.signal);
  await until(() => server.requests > before);
  if (fault === "hanging" || fault === "dripping") impatience.abort();
  const delivery = await sent;
  server.fault = "none";
  assert.equal(server.requests, before + 1, "nothing is tried twice, and no redirect followed");
  assert.ok(!inspect(delivery).includes(secret));
  return delivery;
}

test("a receiver that is throttled is left alone as long as it asks", async () => {
  for (const peer of PEERS) {
    const delivery = await under("throttled", peer);
    assert.equal(delivery.kind, "retry");
    assert.equal(delivery.kind === "retry" && delivery.afterMs, peer.afterMs);
  }
});

test("a receiver that fails, hangs or loses the connection is tried again", async () => {
  for (const peer of PEERS) {
    for (const fault of ["failing", "hanging", "cut"] as const)
      assert.equal((await under(fault, peer)).kind, "retry", fault);
  }
});

test("a redirect is not followed, and never will be", async () => {
  const reason = "answered 307, and no redirect is followed: name the place itself";
  for (const peer of PEERS) assert.deepEqual(await under("redirecting", peer), { kind: "refused", reason });
});

test("an answer that is slow, endless, half or nonsense ends, and where the answer counts it counts for nothing", async () => {
  for (const fault of ["dripping", "endless", "half", "garbled"] as const) {
    for (const peer of PEERS.slice(1, 3)) assert.equal((await under(fault, peer)).kind, "retry", fault);
  }
  for (const fault of ["endless", "half"] as const) {
    for (const peer of [PEERS[0], PEERS[3]] as typeof PEERS)
      assert.deepEqual(await under(fault, peer), { kind: "accepted" }, fault);
  }
});

const schema = z.fromJSONSchema(
  JSON.parse(await readFile(new URL("../schemas/alerts-1.json", import.meta.url), "utf8")),
);

/** Says anything, and repeats what it was told. */
const liar = { status: 200, retryAfter: "", body: "" };
const liarServer = createPlainServer(async (request, response) => {
  const told = JSON.stringify([
    request.url,
    request.headers.authorization,
    (await request.toArray()).join(""),
  ]);
  const retryAfter = liar.retryAfter === "" ? {} : { "retry-after": liar.retryAfter };
  response.writeHead(liar.status, retryAfter).end(liar.body.replaceAll('"TOLD"', told));
}).listen(0, "127.0.0.1");
await once(liarServer, "listening");
after(() => {
  liarServer.closeAllConnections();
  liarServer.close();
});

test("whatever a receiver answers is an outcome, in few words, none of them secret", async () => {
  const base = `http://127.0.0.1:${(liarServer.address() as AddressInfo).port}`;
  const token = "xoxb-told-to-the-liar";
  const team = [
    receiver("slack:", `${base}${SLACK_HOOK}`),
    receiver(`slack+${base}/api?channel=${SLACK_CHANNEL}`, token),
    receiver(`pagerduty+${base}/`, ROUTING_KEY),
    receiver(`webhook+${base}/`, SIGNING_SECRET),
  ];
  const said = fc.oneof(fc.json(), fc.string(), fc.constant('"TOLD"'));
  const body = fc.oneof(
    said,
    said.map((text) => `{"ok":false,"error":${text}}`),
    said.map((text) => `{"status":"invalid event","errors":[${text},"\\u202e\\n"]}`),
  );
  const answer = fc.record({
    status: fc.oneof(fc.constantFrom(200, 202, 400, 403, 429, 503), fc.integer({ min: 200, max: 599 })),
    retryAfter: fc.oneof(fc.constantFrom("", "7", "-1"), fc.stringMatching(/^[ -~]{0,40}$/)),
    body,
  });
  await fc.assert(
    fc.asyncProperty(answer, async (answered) => {
      Object.assign(liar, answered);
      for (const one of team) {
        const delivery = await send(one);
        if (delivery.kind === "accepted") continue;
        assert.match(delivery.reason, /^[ -~…]{1,300}$/);
        for (const secret of [SLACK_HOOK, token, ROUTING_KEY, SIGNING_SECRET])
          assert.ok(!delivery.reason.includes(secret));
        if (delivery.kind === "retry") assert.ok(!Number.isNaN(delivery.afterMs ?? 0));
      }
    }),
    { numRuns: 60 },
  );
});

test("whatever is notified, in whatever words, is taken by Slack, PagerDuty and a webhook, as its schema says", async () => {
  assert.ok(!schema.safeParse({ type: "alerts.firing", version: 1, data: {} }).success);
  await fc.assert(
    fc.asyncProperty(anyNotification, anyWording, async (any, wording) => {
      const team = [
        receiver("slack:", `${slack.address}${SLACK_HOOK}`, { wording }),
        receiver(`pagerduty+${pagerDuty.url}`, ROUTING_KEY, { wording }),
        receiver(`webhook+${hook.address}/alerts`, SIGNING_SECRET, { wording }),
      ];
      for (const one of team) assert.deepEqual(await send(one, any), { kind: "accepted" });
      assert.ok(Buffer.byteLength(lastHook().body) <= 256 * 1024);
      assert.equal(schema.safeParse(JSON.parse(lastHook().body)).error, undefined);
    }),
    { numRuns: 40 },
  );
});

test("the log has one line of the alert's own gravity", async () => {
  const lines: [string, object, string | undefined][] = [];
  const level = (name: string) => (fields: object, message?: string) => {
    lines.push([name, fields, message]);
  };
  const log = { debug: level("debug"), info: level("info"), warn: level("warn"), error: level("error") };
  const logger = { ...log, child: () => logger };
  const told = receiver("log", "", { log: logger });
  await send(told, crowded);
  await send(told, resolution());
  await send(told, notification({ occasion: "test" }));
  assert.deepEqual(
    lines.map(([name, , message]) => [name, message?.slice(0, 15)]),
    [
      ["error", "[CRITICAL] High"],
      ["info", "[RESOLVED] High"],
      ["info", "[TEST, critical"],
    ],
  );
  assert.ok(JSON.stringify(lines[0]).length < 100_000);
});
