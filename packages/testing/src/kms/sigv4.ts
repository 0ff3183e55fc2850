import { createHash, createHmac } from "node:crypto";
import type { IncomingMessage } from "node:http";

export interface AwsIdentity {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8}\/[a-z0-9-]+\/[a-z0-9-]+\/aws4_request), ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$/;

const ALWAYS_SIGNED = ["host", "x-amz-date"];

/**
 * Whether the request carries the signature of `identity` over these bytes and, among others, these headers: AWS Signature
 * Version 4, computed anew.
 */
export function isSigned(
  request: IncomingMessage,
  body: string | Buffer,
  identity: AwsIdentity,
  signed: readonly string[],
): boolean {
  const [, accessKeyId, scope = "", names = "", signature] =
    AUTHORIZATION.exec(request.headers.authorization ?? "") ?? [];
  if (accessKeyId !== identity.accessKeyId) return false;
  const headers = names.split(";");
  if (![...ALWAYS_SIGNED, ...signed].every((name) => headers.includes(name))) return false;
  const [path, query = ""] = (request.url ?? "").split("?");
  const canonical = [
    request.method,
    path,
    query.split("&").map(assigned).sort().join("&"),
    ...headers.map((name) => `${name}:${String(request.headers[name]).trim()}`),
    "",
    names,
    createHash("sha256").update(body).digest("hex"),
  ].join("\n");
  const digest = createHash("sha256").update(canonical).digest("hex");
  const toSign = ["AWS4-HMAC-SHA256", request.headers["x-amz-date"], scope, digest].join("\n");
  const key = scope
    .split("/")
    .reduce<string | Buffer>((secret, part) => hmac(secret, part), `AWS4${identity.secretAccessKey}`);
  return hmac(key, toSign).toString("hex") === signature;
}

/** A parameter without a value is signed with an empty one. */
function assigned(parameter: string): string {
  return parameter === "" || parameter.includes("=") ? parameter : `${parameter}=`;
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
