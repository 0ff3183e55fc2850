/** A few seconds of what `bench/edge/fuzz.ts` does a million times. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { readAnswers } from "./fuzz/answers.ts";
import { campaign } from "./fuzz/campaign.ts";

const REQUESTS = 8000;
const SEED = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 32));

test("the reader of answers forgives nothing: without it the rest would prove nothing", () => {
  const good = "HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 2\r\n\r\nok";
  assert.equal(readAnswers(good + good).length, 2);
  for (const bad of [
    good.slice(0, -1),
    `${good}x`,
    good.replace("A: b", "A : b"),
    good.replace("A: b", "A: b\nC: d"),
    good.replace("A: b", "A: \r"),
    good.replace("A: b", " folded"),
    good.replace("A: b", "Content-Length: 2"),
    good.replace("A: b", "Transfer-Encoding: chunked"),
    good.replace("200 OK", "200"),
    good.replace("Content-Length: 2\r\n", ""),
  ]) {
    assert.throws(() => readAnswers(bad), Error, JSON.stringify(bad));
  }
});

test(`no request breaks the node adapter (FUZZ_SEED=${SEED})`, async () => {
  const { requests, statuses } = await campaign({ seed: SEED, requests: REQUESTS });
  assert.ok(requests >= REQUESTS);
  for (const status of [200, 302, 308, 400, 403, 413, 414, 429])
    assert.ok((statuses.get(status) ?? 0) > 0, `nothing was answered ${status}: the grammar misses its aim`);
});
