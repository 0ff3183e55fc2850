import type { IncomingMessage } from "node:http";
import {
  type Answer,
  awsError,
  awsFaults,
  startWireServer,
  VAULT_TOKEN,
  vaultErrors,
  vaultFaults,
  type WireServer,
} from "@rempart/testing/kms";

/** The read interface of Vault's KV version 2 engine, mounted at `secret`. */
export function startVault(values: ReadonlyMap<string, object>): Promise<WireServer> {
  return startWireServer({ answer: (request) => vaultAnswer(values, request), faults: VAULT_FAULTS });
}

const VAULT_FAULTS = vaultFaults("kv");

function vaultAnswer(values: ReadonlyMap<string, object>, request: IncomingMessage): Answer {
  if (request.headers["x-vault-token"] !== VAULT_TOKEN) return VAULT_FAULTS.denied;
  const name = /^\/v1\/secret\/data\/(.+)$/.exec(request.url ?? "")?.[1];
  const document = name === undefined ? undefined : values.get(name);
  if (document === undefined) return vaultErrors(404);
  const metadata = { created_time: "2026-11-01T00:00:00Z", deletion_time: "", destroyed: false, version: 1 };
  return {
    status: 200,
    body: JSON.stringify({ request_id: "1", lease_id: "", data: { data: document, metadata } }),
  };
}

/** `GetSecretValue` of AWS Secrets Manager, JSON 1.1. It checks that the request is signed, not the signature. */
export function startAwsSecretsManager(values: ReadonlyMap<string, string>): Promise<WireServer> {
  return startWireServer({ answer: (request, body) => awsAnswer(values, request, body), faults: AWS_FAULTS });
}

const AWS_FAULTS = awsFaults("InternalServiceError");

function awsAnswer(values: ReadonlyMap<string, string>, request: IncomingMessage, body: string): Answer {
  const signed = /^AWS4-HMAC-SHA256 Credential=.+\/secretsmanager\/aws4_request/;
  if (!signed.test(request.headers.authorization ?? "")) return awsError(400, "IncompleteSignature");
  if (request.headers["x-amz-target"] !== "secretsmanager.GetSecretValue")
    return awsError(400, "InvalidRequestException");
  const { SecretId: name } = JSON.parse(body) as { SecretId: string };
  const text = values.get(name);
  if (text === undefined) return awsError(400, "ResourceNotFoundException");
  return {
    status: 200,
    body: JSON.stringify({ Name: name, SecretString: text, VersionStages: ["AWSCURRENT"] }),
  };
}
