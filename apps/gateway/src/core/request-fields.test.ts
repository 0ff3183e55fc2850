import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { requestFields, type Told } from "./request-fields.ts";

const told: Told = {
  client: "203.0.113.7",
  scheme: "https",
  host: "app.example.com",
  requestId: "id-12345678",
  trace: null,
};

function values(fields: readonly string[], wanted: string): string[] {
  return fields.filter((_, i) => i % 2 === 1 && (fields[i - 1] as string).toLowerCase() === wanted);
}

test("the client's own fields pass as they are, several lines of a name stay several", () => {
  const fields = requestFields(
    ["Accept", "a/b", "Cookie", "a=1", "X-Tag", "1", "x-tag", "2"],
    "keep-alive",
    told,
  );
  assert.deepEqual(fields.slice(0, 8), ["Accept", "a/b", "Cookie", "a=1", "X-Tag", "1", "x-tag", "2"]);
});

test("fields of the connection stay, with those it names, in any case and spacing", () => {
  const raw = [
    "Connection",
    "X-Secret ,\tkeep-alive",
    "X-SECRET",
    "1",
    "TE",
    "gzip",
    "Keep-Alive",
    "300",
    "X-Other",
    "2",
  ];
  const fields = requestFields(raw, "X-Secret ,\tkeep-alive", told);
  assert.deepEqual(fields.slice(0, 2), ["X-Other", "2"]);
  assert.equal(values(fields, "x-secret").length, 0);
});

test("naming a field in Connection cannot remove what the gateway says", () => {
  const fields = requestFields([], "close, X-Forwarded-For, Forwarded, X-Request-Id", told);
  assert.deepEqual(values(fields, "x-forwarded-for"), ["203.0.113.7"]);
  assert.deepEqual(values(fields, "x-request-id"), ["id-12345678"]);
});

test("RFC 7239 quotes IPv6 addresses and hosts", () => {
  const fields = requestFields([], undefined, { ...told, client: "2001:db8::1", host: 'a"b' });
  assert.deepEqual(values(fields, "forwarded"), ['for="[2001:db8::1]";host="a\\"b";proto=https']);
  const unknown = requestFields([], undefined, { ...told, client: "" });
  assert.deepEqual(values(unknown, "x-forwarded-for"), ["unknown"]);
});

const CLAIMED = [
  "X-Forwarded-For",
  "x-forwarded-proto",
  "X_FORWARDED_FOR",
  "X-Forwarded_Host",
  "X-Forwarded",
  "X-Forwarded-Client-Cert",
  "Forwarded",
  "X-Real-IP",
  "True-Client-IP",
  "Proxy",
  "X-Original-URL",
  "X_Request_Id",
  "Traceparent",
  "TraceState",
  "Transfer-Encoding",
  "Content-Length",
  "Upgrade",
  "HTTP2-Settings",
  "Proxy-Authorization",
  "Expect",
  "Host",
];

test("whatever the client sends, nothing it claims and nothing of its connection passes", () => {
  const name = fc.oneof(fc.constantFrom(...CLAIMED), fc.stringMatching(/^[A-Za-z_-]{1,20}$/));
  const lines = fc.array(fc.tuple(name, fc.constant("forged")), { maxLength: 30 });
  fc.assert(
    fc.property(lines, fc.option(fc.array(name, { maxLength: 5 })), (pairs, named) => {
      const fields = requestFields(pairs.flat(), named?.join(", "), told);
      const passed = fields
        .filter((_, i) => i % 2 === 0 && fields[i + 1] === "forged")
        .map((sent) => sent.toLowerCase());
      const look = passed.map((sent) => sent.replaceAll("_", "-"));
      for (const claim of CLAIMED) assert.ok(!look.includes(claim.toLowerCase().replaceAll("_", "-")), claim);
      for (const own of named ?? []) assert.ok(!passed.includes(own.toLowerCase()), own);
      assert.deepEqual(values(fields, "x-forwarded-for"), ["203.0.113.7"]);
      assert.deepEqual(values(fields, "via"), ["1.1 rempart"]);
    }),
  );
});
