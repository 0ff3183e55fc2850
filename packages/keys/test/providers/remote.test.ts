import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, describe, test } from "node:test";
import { equalBytes, hasCode } from "@rempart/kernel";
import { Secret } from "@rempart/runtime";
import {
  AWS_IDENTITY,
  type Fault,
  KEY_ARN,
  OTHER_ARN,
  STRANGER_ARN,
  startAwsKms,
  startVaultTransit,
  VAULT_TOKEN,
  type WireServer,
} from "@rempart/testing/kms";
import { awsKms, type KeyProvider, KeysError, type KeysErrorCode, vaultTransit } from "../../src/index.ts";
import { providerContract } from "../provider-contract.ts";

process.env.AWS_ACCESS_KEY_ID = AWS_IDENTITY.accessKeyId;
process.env.AWS_SECRET_ACCESS_KEY = AWS_IDENTITY.secretAccessKey;

const aws = await startAwsKms();
const vault = await startVaultTransit();
after(() => Promise.all([aws[Symbol.asyncDispose](), vault[Symbol.asyncDispose]()]));

const openAws = (keyId = "alias/rempart", endpoint = aws.address, earlierKeyIds: string[] = []) =>
  awsKms({ keyId, region: "eu-west-3", endpoint, earlierKeyIds });
const openVault = (key = "rempart", address = vault.address, token = VAULT_TOKEN) =>
  vaultTransit({ key, address, token: () => new Secret(token) });

providerContract("AWS KMS", { open: openAws, openOther: () => openAws(OTHER_ARN) });
providerContract("Vault transit", { open: openVault, openOther: () => openVault("other") });

const remotes: readonly { name: string; server: WireServer; open: (address?: string) => KeyProvider }[] = [
  { name: "AWS KMS", server: aws, open: (address) => openAws(undefined, address) },
  { name: "Vault transit", server: vault, open: (address) => openVault(undefined, address) },
];

const failsWith = (code: KeysErrorCode) => (error: unknown) => {
  assert.ok(error instanceof KeysError, String(error));
  assert.equal(error.code, code, String(error));
  return true;
};

function breaks(server: WireServer, fault: Fault): Disposable {
  server.fault = fault;
  return {
    [Symbol.dispose]() {
      server.fault = "none";
    },
  };
}

const FAILURES: readonly (readonly [Fault, KeysErrorCode])[] = [
  ["denied", "provider-denied"],
  ["throttled", "provider-throttled"],
  ["failing", "provider-unavailable"],
  ["cut", "provider-unavailable"],
  ["garbled", "provider-garbled"],
];

for (const { name, server, open } of remotes) {
  describe(`key provider over the network: ${name}`, () => {
    for (const [fault, code] of FAILURES) {
      test(`${fault} is told as ${code}, after one request`, async () => {
        const provider = open();
        const signal = AbortSignal.timeout(5_000);
        const wrapped = await provider.wrap(randomBytes(32), signal);
        using _fault = breaks(server, fault);
        const before = server.requests;
        await assert.rejects(provider.wrap(randomBytes(32), signal), failsWith(code));
        await assert.rejects(provider.unwrap(wrapped, signal), failsWith(code));
        assert.equal(server.requests, before + 2, "repeating is the keyring's business");
      });
    }

    test("a hanging server is left when the signal says so", async () => {
      using _fault = breaks(server, "hanging");
      await assert.rejects(
        open().wrap(randomBytes(32), AbortSignal.timeout(50)),
        failsWith("provider-unavailable"),
      );
    });

    test("nobody listening is no answer", async () => {
      const call = open("http://127.0.0.1:1").wrap(randomBytes(32), AbortSignal.timeout(5_000));
      await assert.rejects(call, failsWith("provider-unavailable"));
    });
  });
}

const signal = AbortSignal.timeout(30_000);

test("AWS: a wrong secret key is a denial, and the server has checked the signature", async () => {
  process.env.AWS_SECRET_ACCESS_KEY = "another";
  const call = openAws().wrap(randomBytes(32), signal);
  await assert.rejects(call, failsWith("provider-denied"));
  process.env.AWS_SECRET_ACCESS_KEY = AWS_IDENTITY.secretAccessKey;
});

test("AWS: an envelope cannot bring the key that shall open it", async () => {
  const strangers = await openAws(STRANGER_ARN).wrap(randomBytes(32), signal);
  assert.equal(strangers.version, STRANGER_ARN);
  await assert.rejects(openAws().unwrap(strangers, signal), (error) => hasCode(error, "provider-refused"));
});

test("AWS: keys named as earlier ones still unwrap", async () => {
  const key = randomBytes(32);
  const wrapped = await openAws(KEY_ARN).wrap(key, signal);
  await assert.rejects(openAws(OTHER_ARN).unwrap(wrapped, signal), failsWith("provider-refused"));
  assert.ok(equalBytes(await openAws(OTHER_ARN, aws.address, [KEY_ARN]).unwrap(wrapped, signal), key));
});

test("Vault: a wrong token is a denial, and a token that cannot be had is not Vault's silence", async () => {
  await assert.rejects(
    openVault("rempart", vault.address, "wrong").wrap(randomBytes(32), signal),
    failsWith("provider-denied"),
  );
  const tokenless = vaultTransit({
    key: "rempart",
    address: vault.address,
    token: () => Promise.reject(new KeysError("secret-denied", "no token for you")),
  });
  await assert.rejects(tokenless.wrap(randomBytes(32), signal), failsWith("secret-denied"));
});

test("Vault: a key's name cannot lead elsewhere", () => {
  for (const key of ["../../sys/seal", "a/b", "", "a?b", "a#b"])
    assert.throws(() => openVault(key), TypeError);
});
