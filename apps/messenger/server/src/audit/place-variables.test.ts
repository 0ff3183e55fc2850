import assert from "node:assert/strict";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { readMessengerConfig } from "../config.ts";

test("the audit log is published under the data, in a directory or in a bucket", () => {
  const placeOf = (env: Record<string, string>) => readMessengerConfig(env).audit.place;
  assert.deepEqual(placeOf({ DATA_DIRECTORY: "/data" }), {
    kind: "directory",
    path: join("/data", "audit"),
  });
  assert.deepEqual(placeOf({ AUDIT_REPOSITORY: "file:shared/audit" }), {
    kind: "directory",
    path: resolve("shared/audit"),
  });
  const bucket = { AUDIT_REPOSITORY: "s3://our-logs/chat", AUDIT_S3_REGION: "eu-west-3" };
  const place = {
    endpoint: null,
    authorities: null,
    kind: "s3",
    bucket: "our-logs",
    prefix: "chat",
    region: "eu-west-3",
  };
  assert.deepEqual(placeOf(bucket), place);
  const elsewhere = { ...bucket, AUDIT_S3_ENDPOINT: "http://127.0.0.1:9000" };
  assert.deepEqual(placeOf(elsewhere), { ...place, endpoint: "http://127.0.0.1:9000/" });
});

test("what names no place, or a bucket without its region, is refused by the variable's name", () => {
  for (const AUDIT_REPOSITORY of ["none", "/srv/audit", "s3://", "s3://bucket/../up"])
    assert.throws(() => readMessengerConfig({ AUDIT_REPOSITORY }), /AUDIT_REPOSITORY/);
  assert.throws(() => readMessengerConfig({ AUDIT_REPOSITORY: "s3://our-logs" }), /AUDIT_S3_REGION/);
});
