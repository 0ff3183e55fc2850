import assert from "node:assert/strict";
import { test } from "node:test";
import { toBase64Url, utf8 } from "@rempart/kernel";
import fc from "fast-check";
import { isRegressed, verifyAssertion, verifyRegistration } from "./ceremony.ts";
import { type PasskeyResponse, parseResponse } from "./response.ts";

const SITE = { rpId: "localhost", rpName: "Test", origins: ["http://localhost"] };

function clientData(fields: object): string {
  return toBase64Url(utf8(JSON.stringify(fields)));
}

function credential(changes: object = {}, response: object = {}): Record<string, unknown> {
  const clientDataJSON = clientData({ type: "webauthn.get", challenge: "abc", origin: SITE.origins[0] });
  return {
    ...{ id: "AAAA", rawId: "AAAA", type: "public-key", clientExtensionResults: {} },
    response: { clientDataJSON, authenticatorData: "AAAA", signature: "AAAA", ...response },
    ...changes,
  };
}

test("a credential is read by what is in it, and its challenge by what the browser says it answered", () => {
  const parsed = parseResponse(credential({}, { transports: ["usb", "<script>", 7], userHandle: null }));
  assert.deepEqual(parsed?.transports, ["usb"]);
  assert.equal(parsed?.challenge, "abc");
  assert.deepEqual(Object.keys(parsed?.fields ?? {}), ["clientDataJSON", "authenticatorData", "signature"]);
});

test("what is no credential is refused before anything of it is used", () => {
  const wrong: Record<string, unknown> = {
    nothing: null,
    text: "AAAA",
    list: [credential()],
    "two ids": credential({ rawId: "BBBB" }),
    "no id": credential({ id: "", rawId: "" }),
    "an id of another alphabet": credential({ id: "A+/=", rawId: "A+/=" }),
    "an id too long": credential({ id: "A".repeat(1368), rawId: "A".repeat(1368) }),
    "another type": credential({ type: "password" }),
    "no response": credential({ response: undefined }),
    "a field that is no text": credential({}, { signature: 7 }),
    "a field too long": credential({}, { signature: "A".repeat(16_388) }),
    "client data that is no JSON": credential({}, { clientDataJSON: "AAAA" }),
    "client data that is no object": credential({}, { clientDataJSON: toBase64Url(utf8("7")) }),
    "no challenge": credential({}, { clientDataJSON: clientData({ type: "webauthn.get" }) }),
    "a frame": credential({}, { clientDataJSON: clientData({ challenge: "abc", crossOrigin: true }) }),
  };
  for (const [name, input] of Object.entries(wrong)) assert.equal(parseResponse(input), null, name);
});

test("any JSON is a credential or none, and any credential verifies or does not: nothing throws", async () => {
  const field = fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString("base64url")),
    fc.string(),
  );
  const response = fc.record({ attestationObject: field, authenticatorData: field, signature: field });
  await fc.assert(
    fc.asyncProperty(fc.jsonValue(), response, fc.uint8Array(), async (json, fields, publicKey) => {
      parseResponse(json);
      const parsed = parseResponse(credential({}, fields));
      if (parsed === null) return;
      assert.equal(await verifyRegistration(SITE, parsed), null);
      assert.equal(await verifyAssertion(SITE, parsed, publicKey), null);
    }),
    { numRuns: 300 },
  );
});

test("CBOR that promises much costs little", async () => {
  const hostile = [
    Buffer.concat([Buffer.alloc(6000, 0x81), Buffer.from([0])]),
    Buffer.from([0xbb, 0, 0, 0, 0, 255, 255, 255, 255]),
    Buffer.from([0x5b, 0, 0, 0, 1, 0, 0, 0, 0]),
    Buffer.from([0x9f, ...Buffer.alloc(6000, 0x9f)]),
  ];
  for (const bytes of hostile) {
    const parsed = parseResponse(credential({}, { attestationObject: bytes.toString("base64url") }));
    assert.equal(await verifyRegistration(SITE, parsed as PasskeyResponse), null);
  }
});

test("a counter regresses when it does not advance, unless the authenticator does not count", () => {
  const cases: [number, number, boolean][] = [
    [0, 0, false],
    [0, 1, false],
    [1, 2, false],
    [1, 1, true],
    [2, 1, true],
    [1, 0, true],
  ];
  for (const [stored, shown, expected] of cases) assert.equal(isRegressed(stored, shown), expected);
});
