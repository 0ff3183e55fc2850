/** What only Express does: errors of its own, and routers that shorten the path. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Outcome } from "../src/index.ts";
import type { Running } from "./application.ts";
import { expressInsideNodeSubject, expressSubject } from "./express.ts";
import { assertProblem } from "./hardened.ts";
import { raw, request } from "./raw.ts";

for (const subject of [expressSubject, expressInsideNodeSubject]) {
  describe(subject.name, () => {
    const outcomes: Outcome[] = [];
    let server: Running;
    before(async () => {
      server = await subject.start({
        observers: [{ settled: (outcome) => void outcomes.push(outcome) }],
        limits: { bodyBytes: 200_000 },
      });
    });
    after(() => server.close());

    function post(body: string) {
      const headers = {
        "Content-Type": "application/json",
        "Content-Length": String(body.length),
        "Sec-Fetch-Site": "same-origin",
      };
      return raw(server.port, request("POST /json", headers, body));
    }

    test("what a body parser refuses is the client's error, and the body is not repeated", async () => {
      const answer = await post('{"secret":');
      assertProblem(answer, 400, "bad-request");
      assert.doesNotMatch(answer.body, /secret/);
      assertProblem(await post(JSON.stringify("x".repeat(150_000))), 413, "body-too-large");
      assert.equal((await post('{"a":1}')).body, '{"a":1}');
    });

    test("a path that cannot be decoded is refused before Express tries", async () => {
      assertProblem(await raw(server.port, request("GET /%ff")), 400, "malformed-target");
    });

    test("an outcome has the path as it was asked, whatever a router made of it", async () => {
      const answer = await raw(server.port, request("GET /below/here"));
      assert.equal(answer.status, 200);
      const requestId = answer.headers.get("x-request-id");
      assert.equal(outcomes.find((outcome) => outcome.requestId === requestId)?.path, "/below/here");
    });
  });
}
