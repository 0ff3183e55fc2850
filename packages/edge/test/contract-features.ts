/** The policies that are off by default, on every adapter: in their order, and their headers beside the handler's own. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Running, Subject } from "./application.ts";
import { assertHardened, assertProblem } from "./hardened.ts";
import { type RawAnswer, raw, request } from "./raw.ts";

const OWN = { "Sec-Fetch-Site": "same-origin" };
const ANN = { ...OWN, Authorization: "Bearer ann", "Content-Type": "application/json" };

export function featuresSuite(subject: Subject): void {
  describe(`the ${subject.name} adapter, with every policy`, () => {
    let server: Running;
    before(async () => {
      server = await subject.start({ features: true });
    });
    after(() => server.close());

    const ask = (line: string, headers: Record<string, string> = {}, body = "") => {
      const length = body === "" ? {} : { "Content-Length": String(body.length) };
      const bytes = request(line, { ...length, ...headers }, body);
      return raw(server.port, bytes, { untilWhole: server.keepsConnections === true });
    };
    const order = (more: Record<string, string> = {}, body = '{"item":"tea"}', path = "/orders/a") =>
      ask(`POST ${path}`, { ...ANN, ...more }, body);
    const numberOf = (answer: RawAnswer): number => JSON.parse(answer.body).number;

    test("what was validated, who asks, the version and the variants reach the handler, which still reads the body", async () => {
      const answer = await order({ "API-Version": "1" }, '{"item":"tea"}', "/orders/a%62?size=7");
      assert.equal(answer.status, 201, answer.text);
      assertHardened(answer);
      const { number: _, variants, ...seen } = JSON.parse(answer.body);
      assert.deepEqual(seen, { version: "1", user: "ann", item: "tea", size: 7, read: '{"item":"tea"}' });
      assert.ok(["old", "new"].includes(variants.checkout));
    });

    test("a body in chunks is judged as a whole", async () => {
      const chunks = ['3\r\n{"i\r\n', 'b\r\ntem":"tea"}\r\n', "0\r\n\r\n"];
      const head = request("POST /orders/a", { ...ANN, "Transfer-Encoding": "chunked" });
      const options = { more: chunks, untilWhole: server.keepsConnections === true };
      const answer = await raw(server.port, head, options);
      assert.equal(answer.status, 201, answer.text);
      assert.equal(JSON.parse(answer.body).read, '{"item":"tea"}');
      const long = `3e8\r\n${" ".repeat(1000)}\r\n`;
      assertProblem(await raw(server.port, head, { ...options, more: [long, long] }), 413, "body-too-large");
    });

    test("each refuses in its turn: version, CSRF, identity, validation, idempotency", async () => {
      const bad: Record<string, string> = {
        "API-Version": "9",
        "Sec-Fetch-Site": "cross-site",
        Authorization: "Bearer 1",
        "Content-Type": "application/json",
        "Idempotency-Key": "a b",
      };
      const send = () => ask("POST /orders/muchtoolong", bad, '{"item":1}');
      const version = await send();
      assertProblem(version, 400, "unsupported-version");
      assert.deepEqual(JSON.parse(version.body).supported, ["1", "2"]);
      assert.equal(version.headers.get("ratelimit"), null);
      bad["API-Version"] = "2";
      assertProblem(await send(), 403, "csrf");
      bad["Sec-Fetch-Site"] = "same-origin";
      const unknown = await send();
      assertProblem(unknown, 401, "unauthenticated");
      assert.match(unknown.headers.get("www-authenticate") ?? "", /invalid_token/);
      bad.Authorization = "Bearer ann";
      const invalid = await send();
      assertProblem(invalid, 422, "validation-failed");
      assert.deepEqual(
        JSON.parse(invalid.body).errors.map(({ pointer }: { pointer: string }) => pointer),
        ["#/params/id"],
      );
      assertProblem(await ask("POST /orders/a", bad, '{"item":1}'), 400, "idempotency-key-malformed");
      const { "Idempotency-Key": _, ...keyless } = bad;
      const body = await ask("POST /orders/a", keyless, '{"item":1}');
      assertProblem(body, 422, "validation-failed");
      assert.equal(JSON.parse(body.body).errors[0].pointer, "#/body/item");
    });

    test("whoever is not known is refused where the route requires it", async () => {
      assertProblem(await ask("POST /orders/a", OWN), 401, "unauthenticated");
      assert.equal((await ask("GET /hello")).status, 200);
    });

    test("every part is validated, and bodies of other kinds are refused", async () => {
      assertProblem(await order({}, '{"item":"tea"}', "/orders/a?size=10"), 422, "validation-failed");
      assertProblem(await order({ "X-Shop": "far too long" }), 422, "validation-failed");
      assertProblem(await order({ Cookie: "basket=far-too-long" }), 422, "validation-failed");
      assertProblem(await order({}, '{"item":'), 400, "malformed-body");
      assertProblem(await order({}, '{"__proto__":{}}'), 400, "malformed-body");
      assertProblem(await order({ "Content-Type": "image/png" }), 415, "unsupported-media-type");
      assertProblem(await order({}, ""), 422, "validation-failed");
    });

    test("a deprecated version says so once, whatever the handler says, beside the handler's own links", async () => {
      const old = await order({ "API-Version": "1" });
      assert.equal(old.headers.get("deprecation"), "@1767225600");
      assert.equal(old.headers.get("sunset"), "Wed, 01 Jul 2026 00:00:00 GMT");
      assert.match(old.headers.get("link") ?? "", /<\/v2>; rel="deprecation"/);
      assert.match(old.headers.get("link") ?? "", /<\/orders>; rel="up"/);
      for (const name of [/Accept/i, /API-Version/i, /Cookie/i])
        assert.match(old.headers.get("vary") ?? "", name);
      const current = await order();
      assert.equal(current.headers.get("deprecation"), null);
      assert.equal(current.headers.get("link"), '</orders>; rel="up"');
    });

    test("a browser gets one bucket, beside the handler's own cookies, and keeps it", async () => {
      const first = await order();
      const cookies = first.headers.getSetCookie();
      assert.ok(cookies.includes("basket=1; Path=/"), first.text);
      const buckets = cookies.filter((cookie) => cookie.startsWith("__Host-bucket="));
      assert.equal(buckets.length, 1, first.text);
      assert.match(first.headers.get("cache-control") ?? "", /max-age=60/);
      assert.match(first.headers.get("cache-control") ?? "", /private/);
      const cookie = buckets[0]?.split(";")[0] as string;
      const again = await order({ Cookie: cookie });
      assert.deepEqual(JSON.parse(again.body).variants, JSON.parse(first.body).variants);
      assert.ok(again.headers.getSetCookie().every((other) => !other.startsWith("__Host-bucket=")));
      assert.equal(again.headers.get("cache-control"), "max-age=60");
    });

    test("a request sent again under its key is answered as before, with headers of its own", async () => {
      const key = { "Idempotency-Key": "again" };
      const first = await order(key);
      const second = await order(key);
      assert.equal(first.headers.get("idempotent-replayed"), null);
      assert.equal(second.headers.get("idempotent-replayed"), "true");
      assert.equal(second.status, 201);
      assert.equal(second.body, first.body);
      assertHardened(second);
      for (const name of ["location", "content-type", "link"])
        assert.equal(second.headers.get(name), first.headers.get(name), name);
      assert.notEqual(second.headers.get("x-request-id"), first.headers.get("x-request-id"));
      assert.doesNotMatch(second.headers.getSetCookie().join(), /basket|other/);
      assert.equal(second.headers.get("deprecation"), null);
      assertProblem(await order(key, '{"item":"milk"}'), 422, "idempotency-key-reused");
      const bob = await order({ ...key, Authorization: "Bearer bob" });
      assert.equal(JSON.parse(bob.body).user, "bob");
    });

    test("twice at once runs once", async () => {
      const answers = await Promise.all([1, 2, 3].map(() => order({ "Idempotency-Key": "at-once" })));
      const numbers = new Set(answers.filter(({ status }) => status === 201).map(numberOf));
      assert.equal(numbers.size, 1);
      for (const answer of answers)
        if (answer.status !== 201) assertProblem(answer, 409, "idempotency-key-in-use");
    });

    test("a failure frees the key; a refusal of the handler is repeated", async () => {
      const failing = () => order({ "Idempotency-Key": "boom" }, '{"item":"tea"}', "/orders/boom");
      assertProblem(await failing(), 500, "internal-error");
      const again = await failing();
      assertProblem(again, 500, "internal-error");
      assert.equal(again.headers.get("idempotent-replayed"), null);
      const refused = () => order({ "Idempotency-Key": "no" }, '{"item":"tea"}', "/orders/conflict");
      assertProblem(await refused(), 409, "conflict");
      const repeated = await refused();
      assert.equal(repeated.status, 409);
      assert.equal(repeated.headers.get("idempotent-replayed"), "true");
      assertHardened(repeated);
    });

    test("of several limits the strictest decides, all are told, and what it refuses costs the others nothing", async () => {
      const passed = await ask("GET /bursts");
      assert.match(passed.headers.get("ratelimit") ?? "", /^"default";r=\d+;t=\d+, "burst";r=2;t=\d+$/);
      assert.equal(passed.headers.get("ratelimit-policy"), '"default";q=10000;w=60, "burst";q=3;w=60');
      assert.equal(passed.headers.get("x-ratelimit-remaining"), "2");
      await ask("GET /bursts");
      await ask("GET /bursts");
      const left = (answer: RawAnswer) =>
        /"default";r=(\d+)/.exec(answer.headers.get("ratelimit") ?? "")?.[1];
      const refused = await ask("GET /bursts");
      assertProblem(refused, 429, "rate-limited");
      assert.deepEqual(JSON.parse(refused.body)["violated-policies"], ["burst"]);
      assert.ok(Number(refused.headers.get("retry-after")) > 0);
      assert.equal(left(await ask("GET /bursts")), left(refused));
    });
  });
}
