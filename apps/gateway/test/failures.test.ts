/** What becomes of requests when upstreams fail, in front of real ones that are killed, hang, or answer nonsense. */
import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { describe, test } from "node:test";
import { systemClock } from "@rempart/kernel";
import { freePort, until } from "@rempart/testing";
import { healthOf, startInFront, startProcess, startRawUpstream, startUpstream } from "./support.ts";

const NEVER = { breaker: { minimum: 1_000_000 } };
const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

async function codeOf(answer: Response): Promise<[number, string]> {
  const { code } = (await answer.json()) as { code: string };
  return [answer.status, code];
}

describe("an upstream that does not answer", () => {
  test("refused connections, a dead host, silence and nonsense each have their answer, with every header", async () => {
    await using silent = await startRawUpstream(() => {});
    await using nonsense = await startRawUpstream((socket) => void socket.end("SSH-2.0-x\r\n\r\n"));
    for (const [target, timeouts, expected] of [
      [`http://127.0.0.1:${await freePort()}`, {}, [502, "bad-gateway"]],
      [silent.url, { headersMs: 200 }, [504, "gateway-timeout"]],
      [nonsense.url, {}, [502, "bad-gateway"]],
    ] as const) {
      await using gateway = await startInFront([target], { upstream: { timeouts } });
      const answer = await fetch(gateway.url);
      assert.equal(answer.headers.get("x-content-type-options"), "nosniff");
      assert.deepEqual(await codeOf(answer), expected);
    }
  });

  test("one that dies in the middle of its answer cuts the client's too: no half answer looks whole", async () => {
    for (const head of [
      "Content-Length: 10\r\n\r\nhalf",
      "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    ]) {
      await using upstream = await startRawUpstream(
        (socket) =>
          void socket.write(`HTTP/1.1 200 OK\r\n${head}`, () => setTimeout(() => socket.destroy(), 20)),
      );
      await using gateway = await startInFront([upstream.url]);
      const answer = await fetch(gateway.url);
      assert.equal(answer.status, 200);
      await assert.rejects(answer.text());
    }
  });

  test("a second answer on the connection is never another client's", async () => {
    await using upstream = await startRawUpstream(
      (socket) => void socket.write(`${OK}HTTP/1.1 200 OK\r\nX-Evil: 1\r\n\r\n`),
    );
    await using gateway = await startInFront([upstream.url]);
    for (let i = 0; i < 5; i += 1) {
      const answer = await fetch(gateway.url);
      assert.equal(answer.headers.get("x-evil"), null);
    }
  });
});

describe("another attempt", () => {
  test("is made for idempotent requests, and for any that was never sent; not for a POST that was", async () => {
    let seen = 0;
    await using dying = await startRawUpstream((socket) => {
      seen += 1;
      socket.destroy();
    });
    await using living = await startUpstream((_, response) => void response.end("ok"));
    const closed = `http://127.0.0.1:${await freePort()}`;
    for (const [method, target, expected] of [
      ["GET", dying.url, 200],
      ["PUT", dying.url, 200],
      ["POST", dying.url, 502],
      ["POST", closed, 200],
    ] as const) {
      await using gateway = await startInFront([target, living.url], { upstream: NEVER });
      const statuses = [
        (await fetch(gateway.url, { method })).status,
        (await fetch(gateway.url, { method })).status,
      ];
      assert.deepEqual(statuses.sort(), [200, expected].sort(), `${method} ${target}`);
    }
    assert.ok(seen >= 3);
  });

  test("is never made with a body that has begun to stream", async () => {
    let seen = 0;
    await using dying = await startRawUpstream((socket) => {
      seen += 1;
      socket.destroy();
    });
    await using gateway = await startInFront([dying.url, dying.url], { upstream: NEVER });
    assert.equal((await fetch(gateway.url, { method: "PUT", body: "x" })).status, 502);
    assert.equal(seen, 1);
  });

  test("an idle connection that the upstream closed as it was used costs nobody anything", async () => {
    let requests = 0;
    await using upstream = await startRawUpstream((socket) => {
      requests += 1;
      // The second request on a connection finds it gone.
      if (requests % 2 === 0) socket.destroy();
      else socket.write(OK);
    });
    await using gateway = await startInFront([upstream.url]);
    for (let i = 0; i < 10; i += 1) assert.equal((await fetch(gateway.url)).status, 200);
    assert.equal((await healthOf(gateway)).upstreams[0]?.targets[0]?.state, "up");
  });
});

test("kill -9 of one of two upstreams under load: every idempotent request is answered", async () => {
  await using first = await startProcess();
  await using second = await startProcess();
  await using gateway = await startInFront([first.url, second.url], {
    upstream: { retry: { retries: 2, budget: 1 }, ...NEVER },
  });
  const statuses: number[] = [];
  const bodies = new Set<string>();
  const client = async (): Promise<void> => {
    for (let i = 0; i < 15; i += 1) {
      const answer = await fetch(`${gateway.url}/${i % 5 === 0 ? "slow" : ""}`);
      statuses.push(answer.status);
      bodies.add(await answer.text());
    }
  };
  const clients = Array.from({ length: 8 }, client);
  await until(() => statuses.length > 30);
  first.child.kill("SIGKILL");
  await Promise.all(clients);
  assert.deepEqual(new Set(statuses), new Set([200]));
  assert.equal(statuses.length, 120);
  assert.deepEqual(bodies, new Set([String(first.child.pid), String(second.child.pid)]));
});

describe("health", () => {
  test("checks take a target out and bring it back; with none up the answer is 503 at once", async () => {
    let isWell = true;
    let served = 0;
    await using upstream = await startUpstream((request, response) => {
      if (request.url === "/health") response.statusCode = isWell ? 200 : 500;
      else served += 1;
      response.end();
    });
    await using gateway = await startInFront([upstream.url], {
      upstream: { health: { path: "/health", intervalMs: 20, falls: 2, rises: 2 } },
    });
    const stateIs = (state: string) => async () =>
      (await healthOf(gateway)).upstreams[0]?.targets[0]?.state === state;
    await until(stateIs("up"));
    isWell = false;
    await until(stateIs("down"));
    assert.equal((await fetch(`${gateway.adminUrl}/health/ready`)).status, 503);
    assert.deepEqual(await codeOf(await fetch(gateway.url)), [503, "unavailable"]);
    assert.equal(served, 0);
    isWell = true;
    await until(stateIs("up"));
    assert.equal((await fetch(gateway.url)).status, 200);
  });

  test("failed requests eject a target while others serve", async () => {
    await using failing = await startUpstream((_, response) => void response.writeHead(503).end());
    await using serving = await startUpstream((_, response) => void response.end());
    await using gateway = await startInFront([failing.url, serving.url], {
      upstream: { health: { failures: 2, ejectMs: 60_000 }, ...NEVER },
    });
    for (let i = 0; i < 4; i += 1) await fetch(gateway.url);
    assert.equal((await healthOf(gateway)).upstreams[0]?.targets[0]?.state, "ejected");
    for (let i = 0; i < 6; i += 1) assert.equal((await fetch(gateway.url)).status, 200);
  });

  test("the circuit opens, refuses without asking, tries one, and closes", async () => {
    let isWell = false;
    let asked = 0;
    await using upstream = await startUpstream((_, response) => {
      asked += 1;
      response.statusCode = isWell ? 200 : 503;
      response.end();
    });
    const openMs = 3_600_000;
    let laterMs = 0;
    const clock = { ...systemClock, monotonic: () => systemClock.monotonic() + laterMs };
    await using gateway = await startInFront(
      [upstream.url],
      { upstream: { breaker: { minimum: 4, openMs }, health: { failures: 1000 } } },
      { clock },
    );
    const circuit = async () => (await healthOf(gateway)).upstreams[0]?.circuit;
    for (let i = 0; i < 4; i += 1) await fetch(gateway.url);
    assert.equal(await circuit(), "open");
    assert.deepEqual(await codeOf(await fetch(gateway.url)), [503, "unavailable"]);
    assert.equal(asked, 4);
    laterMs += openMs;
    // Still failing: one request finds out, and the circuit opens again.
    await fetch(gateway.url);
    assert.equal(asked, 5);
    assert.equal(await circuit(), "open");
    isWell = true;
    laterMs += openMs;
    assert.equal((await fetch(gateway.url)).status, 200);
    assert.equal(await circuit(), "closed");
  });

  test("more requests than connections are refused, not queued", async () => {
    const held: ServerResponse[] = [];
    await using upstream = await startUpstream((_, response) => void held.push(response));
    await using gateway = await startInFront([upstream.url], { upstream: { connections: 1 } });
    const first = fetch(gateway.url);
    await until(() => held.length === 1);
    assert.deepEqual(await codeOf(await fetch(gateway.url)), [503, "unavailable"]);
    held[0]?.end();
    assert.equal((await first).status, 200);
  });
});
