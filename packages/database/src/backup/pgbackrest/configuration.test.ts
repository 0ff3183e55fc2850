import assert from "node:assert/strict";
import { test } from "node:test";
import { Secret } from "@rempart/runtime";
import { configurationText, type PgBackRestBucket, type PgBackRestConfiguration } from "./configuration.ts";

const CONFIGURATION: PgBackRestConfiguration = {
  repository: "/var/backups",
  workDirectory: "/var/lib/work",
  dataDirectory: null,
  passphrase: new Secret("correct-horse-battery"),
  processes: 2,
  fullBackups: 4,
};

const BUCKET: PgBackRestBucket = {
  bucket: "our-backups",
  region: "eu-west-3",
  prefix: "shop/pgbackrest",
  credentials: null,
};

function linesOf(repository: PgBackRestConfiguration["repository"]): string[] {
  return configurationText({ ...CONFIGURATION, repository }).split("\n");
}

test("a bucket of AWS's is reached by its region, and the certificate is always checked", () => {
  const lines = linesOf(BUCKET);
  for (const line of [
    "repo1-type=s3",
    "repo1-path=/shop/pgbackrest",
    "repo1-s3-endpoint=s3.eu-west-3.amazonaws.com",
    "repo1-s3-uri-style=host",
    "repo1-s3-key-type=auto",
    "repo1-storage-verify-tls=y",
    "repo1-cipher-type=aes-256-cbc",
  ])
    assert.ok(lines.includes(line), line);
});

test("no value can begin a setting of its own, and no refusal says a credential", () => {
  const breaks = "x\nrepo1-storage-verify-tls=n";
  for (const changed of [
    { bucket: breaks },
    { region: breaks },
    { prefix: breaks },
    { authorities: `/${breaks}` },
    { credentials: { accessKeyId: breaks, secretAccessKey: new Secret("x") } },
    { credentials: { accessKeyId: "x", secretAccessKey: new Secret(breaks) } },
    { credentials: { accessKeyId: "x", secretAccessKey: new Secret("x"), sessionToken: new Secret(breaks) } },
  ])
    assert.throws(
      () => linesOf({ ...BUCKET, ...changed }),
      (error) => error instanceof TypeError && !error.message.includes("verify-tls"),
    );
});

test("a store without TLS, or below a path, is refused before anything is told to it", () => {
  for (const endpoint of ["http://localhost:9000", "https://localhost:9000/store"])
    assert.throws(() => linesOf({ ...BUCKET, endpoint: new URL(endpoint) }), /over https alone/);
});
