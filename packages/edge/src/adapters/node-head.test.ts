/** Both ways of writing a head, over a real server: the one in use, and the one for a Node without the first. */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { facts } from "../../test/facts.ts";
import { assertHardened } from "../../test/hardened.ts";
import { type RawAnswer, raw, request } from "../../test/raw.ts";
import { createEdge } from "../edge.ts";
import type { Exchange } from "../exchange.ts";
import {
  EDGE,
  EXCHANGE,
  type OwedResponse,
  type WriteHead,
  writeHead,
  writeHeadByFields,
  writeHeadByLines,
} from "./node-head.ts";

async function answer(write: WriteHead): Promise<RawAnswer> {
  const edge = createEdge({ preset: "strict", cors: { origins: ["https://friend.example.org"] } });
  const server = createServer((_request, response) => {
    const owed = response as OwedResponse;
    owed[EDGE] = edge;
    owed[EXCHANGE] = edge.admit(facts()) as Exchange;
    response.setHeader("X-Set", "before");
    response.setHeader("Vary", "Accept");
    write(owed, 200, ["Content-Length", "2", "Set-Cookie", "a=1", "Set-Cookie", "b=2", "X-Set", "listed"]);
    response.end("ok");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return await raw((server.address() as AddressInfo).port, request("GET /"));
  } finally {
    server.close();
  }
}

const names = ({ headers }: RawAnswer): string[] => [...headers.keys()];

test("both ways say the same", async () => {
  const byLines = await answer(writeHeadByLines);
  const byFields = await answer(writeHeadByFields);
  for (const given of [byLines, byFields]) {
    assertHardened(given);
    assert.equal(given.body, "ok");
    assert.deepEqual(given.headers.getSetCookie(), ["a=1", "b=2"]);
    assert.equal(given.headers.get("x-set"), "listed");
    assert.deepEqual(new Set(given.headers.get("vary")?.split(", ")), new Set(["Accept", "Origin"]));
  }
  assert.deepEqual(names(byLines), names(byFields));
});

test("this Node takes lines", () => {
  assert.equal(writeHead, writeHeadByLines);
});
