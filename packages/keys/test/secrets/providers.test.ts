import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { inspect } from "node:util";
import { Secret } from "@rempart/runtime";
import { startWireServer, VAULT_TOKEN, type WireServer } from "@rempart/testing/kms";
import { KeysError } from "../../src/errors.ts";
import { awsSecrets } from "../../src/secrets/aws-secrets-manager.ts";
import { environmentSecrets } from "../../src/secrets/environment.ts";
import { fileSecrets } from "../../src/secrets/file.ts";
import type { SecretProvider } from "../../src/secrets/ports.ts";
import { vaultSecrets } from "../../src/secrets/vault-kv.ts";
import { startAwsSecretsManager, startVault } from "./stores.ts";

process.env.AWS_ACCESS_KEY_ID = "AKIDEXAMPLE";
process.env.AWS_SECRET_ACCESS_KEY = "marker-of-the-aws-key";

const DOCUMENT = { password: "marker-hunter2", nested: { port: 5432 } };
const TEXT = JSON.stringify(DOCUMENT);
const BUDGET_MS = 1_500;

const scratch = await mkdtemp(join(tmpdir(), "rempart-secrets-"));
await writeFile(join(scratch, "outside"), TEXT);
await mkdir(join(scratch, "mount"));
await writeFile(join(scratch, "mount", "database"), `${TEXT}\n`);
await symlink(join(scratch, "outside"), join(scratch, "mount", "forbidden"));

const vault = await startVault(new Map([["database", DOCUMENT]]));
const aws = await startAwsSecretsManager(new Map([["database", TEXT]]));
after(async () => {
  await vault[Symbol.asyncDispose]();
  await aws[Symbol.asyncDispose]();
  await rm(scratch, { recursive: true });
});

const token = (): Secret => new Secret(VAULT_TOKEN);
const openVault = (address = vault.address): SecretProvider =>
  vaultSecrets({ address, token, budgetMs: BUDGET_MS });
const openAws = (endpoint = aws.address): SecretProvider =>
  awsSecrets({ region: "eu-west-3", endpoint, budgetMs: BUDGET_MS });

const providers: readonly { name: string; open: () => SecretProvider }[] = [
  { name: "environment", open: () => environmentSecrets({ database: TEXT, empty: "" }) },
  { name: "file", open: () => fileSecrets(join(scratch, "mount")) },
  { name: "Vault KV", open: openVault },
  { name: "AWS Secrets Manager", open: openAws },
];

const failsWith = (code: string) => (error: unknown) => {
  assert.ok(error instanceof KeysError, inspect(error));
  assert.equal(error.code, code);
  assert.ok(!inspect(error, { depth: 9, showHidden: true }).includes("marker"), "a secret is in the error");
  return true;
};

for (const { name, open } of providers) {
  describe(`secret provider: ${name}`, () => {
    test("gives the value, which does not print", async () => {
      const secret = await open().read("database");
      assert.deepEqual(JSON.parse(secret.reveal()), DOCUMENT);
      assert.ok(!inspect(secret, { depth: 9, showHidden: true }).includes("marker"));
    });

    test("says that there is no such secret", async () => {
      await assert.rejects(open().read("no-such-secret"), failsWith("secret-missing"));
    });

    test("names that mean something to the store's address are only names", async () => {
      const provider = open();
      for (const hostile of [
        "../outside",
        "..",
        "a/../../b",
        "/etc/passwd",
        "__proto__",
        "a\0b",
        "database?x",
        "",
      ]) {
        await assert.rejects(provider.read(hostile), failsWith("secret-missing"));
      }
    });
  });
}

const remotes: readonly { name: string; server: WireServer; open: (address?: string) => SecretProvider }[] = [
  { name: "Vault KV", server: vault, open: openVault },
  { name: "AWS Secrets Manager", server: aws, open: openAws },
];

for (const { name, server, open } of remotes) {
  describe(`secret store over the network: ${name}`, () => {
    test("a slow answer is an answer", async () => {
      using _latency = latency(server, 100);
      assert.deepEqual(JSON.parse((await open().read("database")).reveal()), DOCUMENT);
    });

    test("a denial is told as one, at once", async () => {
      using _fault = fault(server, "denied");
      const before = server.requests;
      await assert.rejects(open().read("database"), failsWith("secret-denied"));
      assert.equal(server.requests, before + 1);
    });

    for (const broken of ["throttled", "failing", "cut"] as const) {
      test(`${broken}: asked again, then told as an outage`, async () => {
        using _fault = fault(server, broken);
        const before = server.requests;
        await assert.rejects(open().read("database"), failsWith("secret-unavailable"));
        assert.ok(server.requests > before + 1);
      });
    }

    test("hanging: told as an outage when the budget is spent", async () => {
      using _fault = fault(server, "hanging");
      await assert.rejects(open().read("database"), failsWith("secret-unavailable"));
    });

    test("nobody listening is an outage, and the circuit opens", async () => {
      const provider = open("http://127.0.0.1:1");
      for (let i = 0; i < 3; i += 1)
        await assert.rejects(provider.read("database"), failsWith("secret-unavailable"));
    });

    test("one failed answer is repeated without the caller noticing", async () => {
      using _fault = fault(server, "failing", 1);
      const before = server.requests;
      assert.deepEqual(JSON.parse((await open().read("database")).reveal()), DOCUMENT);
      assert.equal(server.requests, before + 2);
    });
  });
}

test("Vault: a wrong token is a denial", async () => {
  const stranger = vaultSecrets({ address: vault.address, token: () => new Secret("wrong") });
  await assert.rejects(stranger.read("database"), failsWith("secret-denied"));
});

test("Vault: an answer that cannot be Vault's is as good as none", async () => {
  const bodies = ["<html>marker</html>", "{}", '{"data":{"data":"marker"}}', "null", " ".repeat(1_048_577)];
  for (const body of bodies) {
    const answer = { status: 200, body };
    await using portal = await startWireServer({
      answer: () => answer,
      faults: { denied: answer, throttled: answer, failing: answer },
    });
    await assert.rejects(openVault(portal.address).read("database"), failsWith("secret-unavailable"));
  }
});

test("file: what lies outside the directory is refused, and so is what is no regular file", async () => {
  const provider = fileSecrets(join(scratch, "mount"));
  await assert.rejects(provider.read("forbidden"), failsWith("secret-denied"));
  await mkdir(join(scratch, "mount", "folder"), { recursive: true });
  await assert.rejects(provider.read("folder"), failsWith("secret-missing"));
});

test("file: a value that is too large or not text is refused", async () => {
  const provider = fileSecrets(join(scratch, "mount"));
  await writeFile(join(scratch, "mount", "large"), "x".repeat(65_537));
  await assert.rejects(provider.read("large"), failsWith("secret-malformed"));
  await writeFile(join(scratch, "mount", "bytes"), Buffer.from([0xff, 0xfe]));
  await assert.rejects(provider.read("bytes"), failsWith("secret-malformed"));
  await writeFile(join(scratch, "mount", "largest"), "x".repeat(65_536));
  assert.equal((await provider.read("largest")).reveal().length, 65_536);
});

function fault(server: WireServer, kind: WireServer["fault"], spoils = Number.POSITIVE_INFINITY): Disposable {
  server.fault = kind;
  server.spoils = spoils;
  return {
    [Symbol.dispose]() {
      server.fault = "none";
    },
  };
}

function latency(server: WireServer, milliseconds: number): Disposable {
  server.latencyMs = milliseconds;
  return {
    [Symbol.dispose]() {
      server.latencyMs = 0;
    },
  };
}
