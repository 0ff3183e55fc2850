import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { type Answer, startWireServer, type WireServer } from "../wire-server.ts";
import { awsError, awsFaults, vaultErrors, vaultFaults } from "./refusals.ts";
import { type AwsIdentity, isSigned } from "./sigv4.ts";

export const AWS_IDENTITY: AwsIdentity = {
  accessKeyId: "AKIDOFTHETEST",
  secretAccessKey: "secret/of+the/test",
};
export const KEY_ARN = "arn:aws:kms:eu-west-3:111122223333:key/0d3a3a5e-0000-4000-8000-000000000001";
/** Of another account, whose owner lets everybody use it. */
export const STRANGER_ARN = "arn:aws:kms:eu-west-3:999999999999:key/0d3a3a5e-0000-4000-8000-000000000009";
export const OTHER_ARN = "arn:aws:kms:eu-west-3:111122223333:key/0d3a3a5e-0000-4000-8000-000000000002";

/** AES-256-GCM over bytes, with the context as associated data; null for what was not made so. */
class Box {
  readonly #key = randomBytes(32);

  seal(plaintext: Uint8Array, context: string): Buffer {
    const nonce = randomBytes(12);
    const cipher = createCipheriv("aes-256-gcm", this.#key, nonce).setAAD(Buffer.from(context));
    return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  }

  open(sealed: Buffer, context: string): Buffer | null {
    try {
      const decipher = createDecipheriv("aes-256-gcm", this.#key, sealed.subarray(0, 12));
      decipher.setAAD(Buffer.from(context)).setAuthTag(sealed.subarray(-16));
      return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]);
    } catch {
      return null;
    }
  }
}

const AWS_FAULTS = awsFaults("KMSInternalException");

interface KmsRequest {
  readonly KeyId?: string;
  readonly Plaintext?: string;
  readonly CiphertextBlob?: string;
  readonly EncryptionContext?: Record<string, string>;
}

/** `Encrypt` and `Decrypt` of AWS KMS, JSON 1.1, with every signature checked. A ciphertext names its key, as AWS's do. */
export function startAwsKms(): Promise<WireServer> {
  const keys = new Map([KEY_ARN, OTHER_ARN, STRANGER_ARN].map((arn) => [arn, new Box()]));
  const answer = (request: IncomingMessage, body: string): Answer => {
    if (!isSigned(request, body, AWS_IDENTITY, ["x-amz-target"]))
      return awsError(400, "InvalidSignatureException");
    const input = JSON.parse(body) as KmsRequest;
    const arn = input.KeyId === "alias/rempart" ? KEY_ARN : (input.KeyId ?? "");
    const key = keys.get(arn);
    if (key === undefined) return awsError(400, "NotFoundException");
    const context = JSON.stringify(Object.entries(input.EncryptionContext ?? {}).sort());
    if (request.headers["x-amz-target"] === "TrentService.Encrypt") return encrypt(arn, key, input, context);
    if (request.headers["x-amz-target"] === "TrentService.Decrypt") return decrypt(arn, key, input, context);
    return awsError(400, "UnknownOperationException");
  };
  return startWireServer({ answer, faults: AWS_FAULTS });
}

function encrypt(arn: string, key: Box, { Plaintext = "" }: KmsRequest, context: string): Answer {
  const blob = Buffer.concat([Buffer.from(arn), key.seal(Buffer.from(Plaintext, "base64"), context)]);
  return { status: 200, body: JSON.stringify({ KeyId: arn, CiphertextBlob: blob.toString("base64") }) };
}

function decrypt(arn: string, key: Box, { CiphertextBlob = "" }: KmsRequest, context: string): Answer {
  const blob = Buffer.from(CiphertextBlob, "base64");
  const named = blob.subarray(0, arn.length).toString();
  if (named !== arn)
    return awsError(
      400,
      named.startsWith("arn:aws:kms:") ? "IncorrectKeyException" : "InvalidCiphertextException",
    );
  const plaintext = key.open(blob.subarray(arn.length), context);
  if (plaintext === null) return awsError(400, "InvalidCiphertextException");
  return { status: 200, body: JSON.stringify({ KeyId: arn, Plaintext: plaintext.toString("base64") }) };
}

export const VAULT_TOKEN = "hvs.token-of-the-test";

const VAULT_FAULTS = vaultFaults("transit");

interface TransitRequest {
  readonly plaintext?: string;
  readonly ciphertext?: string;
  readonly associated_data?: string;
}

/** `encrypt` and `decrypt` of Vault's transit engine, for the keys `rempart` and `other`. */
export function startVaultTransit(): Promise<WireServer> {
  const keys = new Map(["rempart", "other"].map((name) => [name, new Box()]));
  const answer = (request: IncomingMessage, body: string): Answer => {
    if (request.headers["x-vault-token"] !== VAULT_TOKEN) return VAULT_FAULTS.denied;
    const [, operation, name = ""] =
      /^\/v1\/transit\/(encrypt|decrypt)\/([\w.-]+)$/.exec(request.url ?? "") ?? [];
    const key = keys.get(name);
    if (request.method !== "POST" || operation === undefined || key === undefined) return vaultErrors(404);
    const {
      plaintext = "",
      ciphertext = "",
      associated_data: context = "",
    } = JSON.parse(body) as TransitRequest;
    if (operation === "encrypt") {
      const sealed = key.seal(Buffer.from(plaintext, "base64"), context);
      return vaultData({ ciphertext: `vault:v1:${sealed.toString("base64")}`, key_version: 1 });
    }
    const opened = key.open(Buffer.from(ciphertext.replace(/^vault:v1:/, ""), "base64"), context);
    if (opened === null) return vaultErrors(400, "cipher: message authentication failed");
    return vaultData({ plaintext: opened.toString("base64") });
  };
  return startWireServer({ answer, faults: VAULT_FAULTS });
}

function vaultData(data: object): Answer {
  return { status: 200, body: JSON.stringify({ request_id: "1", lease_id: "", renewable: false, data }) };
}
