import assert from "node:assert/strict";
import { after, test } from "node:test";
import {
  CLOSE,
  clientFrame,
  PROBLEMS,
  ROUTES,
  type Route,
  type RouteName,
} from "@rempart/messaging/contract";
import fc from "fast-check";
import { garbage, type Known, nearly } from "./support/arbitrary.ts";
import { Person } from "./support/person.ts";
import { testMessenger } from "./support/server.ts";
import type { TestSocket } from "./support/socket.ts";

const RUNS = Number(process.env.FUZZ_RUNS ?? 40);

const failures: object[] = [];
const record = (fields: object): void => void failures.push(fields);
const quiet = (): void => undefined;
const log = { debug: quiet, info: quiet, warn: quiet, error: record, child: () => log };
const server = await testMessenger({ log, env: { SOCKETS_PER_USER: "1000" } });
after(() => server[Symbol.asyncDispose]());

const ada = await Person.arrive(server.publicUrl, "ada");
const bob = await Person.arrive(server.publicUrl, "bob");
const eve = await Person.arrive(server.publicUrl, "eve");
const conversationId = await ada.converse([bob], "group");
const known = await makeKnown();

async function makeKnown(): Promise<Known> {
  await eve.uploadKeyPackages(3);
  const add = await ada.claim([eve]);
  const { body } = await ada.makeCommit(ada.group(conversationId), { add, addedUsers: [eve.id] });
  const message = await ada.encrypt(conversationId, "fuzz");
  return {
    ids: [
      ada.id,
      bob.id,
      eve.id,
      ada.deviceId,
      bob.deviceId,
      eve.deviceId,
      conversationId,
      message.id,
      body.id,
    ],
    blobs: [
      body.commit,
      body.groupInfo,
      body.welcome ?? "",
      message.body,
      Buffer.from(add[0] ?? []).toString("base64url"),
    ],
  };
}

/** What clients know, the refusals of the edge in front included. */
const STATUS = new Map<string, number>(
  Object.entries(PROBLEMS).map(([code, { status }]) => [code, status] as const),
);

/** Every answer is one of ours: never a 5xx, and a refusal is a whole problem document with a code of the table. */
function assertAnswer(
  name: string,
  status: number,
  body: { code?: string; requestId?: string } | null,
): void {
  assert.ok(status < 500, `${name} answered ${status}: ${JSON.stringify(failures.at(-1))}`);
  if (status < 400) return;
  assert.ok(body?.code !== undefined && body.requestId !== undefined, `${name}: ${JSON.stringify(body)}`);
  assert.equal(STATUS.get(body.code), status, `${name}: ${body.code}`);
}

/** Those that would end the session or the device the other calls need. */
const SPARED: readonly RouteName[] = [
  "eraseAccount",
  "signOut",
  "signOutEverywhere",
  "revokeSession",
  "revokeDevice",
  "signUp",
  "signIn",
];

for (const name of (Object.keys(ROUTES) as RouteName[]).filter((one) => !SPARED.includes(one))) {
  test(`${name} answers whatever it is sent`, async () => {
    const route: Route = ROUTES[name];
    const pathPart = fc.oneof(fc.constantFrom(...known.ids), fc.string({ maxLength: 20 }), fc.uuid());
    const input = fc.record({
      params: fc.dictionary(fc.constantFrom("deviceId", "conversationId", "userId", "welcomeId"), pathPart),
      query: fc.dictionary(
        fc.constantFrom("after", "limit", "q", "cursor", "x"),
        fc.string({ maxLength: 12 }),
      ),
      body:
        route.body === undefined
          ? fc.constant(undefined)
          : fc.oneof({ weight: 9, arbitrary: nearly(route.body, known) }, { weight: 1, arbitrary: garbage }),
    });
    await fc.assert(
      fc.asyncProperty(input, async ({ params, query, body }) => {
        const encoded = Object.fromEntries(
          Object.entries(params).map(([key, value]) => [
            key,
            encodeURIComponent(value.replaceAll(/\p{Cs}/gu, "")),
          ]),
        );
        const reply = await ada.call(name, { params: encoded, query, body });
        assertAnswer(name, reply.status, reply.body);
      }),
      { numRuns: RUNS },
    );
  });
}

for (const name of ["signUp", "signIn"] as const) {
  test(`${name} answers whatever it is sent`, async () => {
    const nobody = new Person(server.publicUrl, "nobody");
    await fc.assert(
      fc.asyncProperty(nearly(ROUTES[name].body, known), async (body) => {
        nobody.cookie = "";
        const reply = await nobody.call(name, { body });
        assertAnswer(name, reply.status, reply.body);
      }),
      { numRuns: RUNS },
    );
  });
}

test("bodies that are no JSON, targets that are no path, headers that lie", async () => {
  const url = `${server.publicUrl}/api/v1/devices`;
  const headers = { cookie: ada.cookie, origin: server.publicUrl, "content-type": "application/json" };
  const bodies = fc.oneof(
    fc.string(),
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  );
  await fc.assert(
    fc.asyncProperty(bodies, async (body) => {
      const response = await fetch(url, { method: "POST", headers, body });
      const text = await response.text();
      assertAnswer("raw body", response.status, text === "" ? null : JSON.parse(text));
    }),
    { numRuns: RUNS },
  );
  const plain = await fetch(url, {
    method: "POST",
    headers: { ...headers, "content-type": "text/plain" },
    body: "{}",
  });
  assert.equal(plain.status, 415);
  const large = await fetch(url, { method: "POST", headers, body: `"${"x".repeat(200_000)}"` });
  assert.equal(large.status, 413);
  const deep = await fetch(url, { method: "POST", headers, body: "[".repeat(60_000) });
  assert.equal(deep.status, 400);
});

test("a socket answers whatever frame it is sent, with frames of the contract, and the process lives", async () => {
  let socket: TestSocket = await ada.connect();
  const frames = fc.oneof(
    { weight: 8, arbitrary: nearly(clientFrame, known).map((value) => JSON.stringify(value) ?? "") },
    { weight: 1, arbitrary: fc.string() },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(frames, { minLength: 1, maxLength: 8 }), async (list) => {
      for (const frame of list) socket.ws.send(frame);
      const over = await Promise.race([
        socket.settled().then(
          () => 0,
          () => 0,
        ),
        socket.closed,
      ]);
      if (over === 0 && socket.ws.readyState === 1) return;
      assert.equal(await socket.closed, CLOSE.tooManyBadFrames);
      socket = await ada.connect();
    }),
    { numRuns: RUNS * 5 },
  );
  socket.close();
  assert.equal((await bob.send(conversationId, "still here")).status < 500, true);
});

test("nothing was logged as a failure of ours", () => {
  assert.deepEqual(failures, []);
});
