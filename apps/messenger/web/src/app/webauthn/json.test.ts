import assert from "node:assert/strict";
import { test } from "node:test";
import { toBase64Url } from "@rempart/kernel";
import { creationOptions, credentialJson, type RawCredential, requestOptions } from "./json.ts";

const bytes = (...values: number[]) => Uint8Array.from(values);
const buffer = (...values: number[]) => bytes(...values).buffer;

test("what must be bytes becomes bytes, and the rest stays as it is", () => {
  const made = creationOptions({
    challenge: toBase64Url(bytes(1, 2)),
    rp: { id: "messenger.example", name: "Messenger" },
    user: { id: toBase64Url(bytes(3)), name: "ada@example.org", displayName: "Ada" },
    pubKeyCredParams: [{ type: "public-key", alg: -8 }],
    excludeCredentials: [{ type: "public-key", id: toBase64Url(bytes(4)), transports: ["internal"] }],
    timeout: 300_000,
  });
  assert.deepEqual(made.challenge, bytes(1, 2));
  assert.deepEqual(made.user, { id: bytes(3), name: "ada@example.org", displayName: "Ada" });
  assert.deepEqual(made.excludeCredentials, [{ type: "public-key", id: bytes(4), transports: ["internal"] }]);
  assert.equal(made.timeout, 300_000);
  assert.deepEqual(requestOptions({ challenge: "AQI" }).allowCredentials, []);
});

test("what is not base64url is refused", () => {
  assert.throws(() => requestOptions({ challenge: "not base64url!" }), TypeError);
  assert.throws(() => creationOptions({ challenge: "AQI", user: { id: "?" } }), TypeError);
});

test("an answer is told in base64url, without what the authenticator did not give", () => {
  const credential: RawCredential = {
    id: "AQI",
    rawId: buffer(1, 2),
    type: "public-key",
    response: {
      clientDataJSON: buffer(123, 125),
      authenticatorData: buffer(9),
      signature: buffer(8),
      userHandle: null,
    },
  };
  assert.deepEqual(credentialJson(credential), {
    id: "AQI",
    rawId: "AQI",
    type: "public-key",
    clientExtensionResults: {},
    response: { clientDataJSON: "e30", authenticatorData: "CQ", signature: "CA" },
  });
});

test("a new credential says how its authenticator is reached", () => {
  const { response } = credentialJson({
    id: "AQI",
    rawId: buffer(1, 2),
    type: "public-key",
    response: {
      clientDataJSON: buffer(1),
      attestationObject: buffer(2),
      getTransports: () => ["internal", "hybrid"],
    },
  });
  assert.deepEqual(response, {
    clientDataJSON: "AQ",
    attestationObject: "Ag",
    transports: ["internal", "hybrid"],
  });
});
