import { fields, type Secret } from "@rempart/runtime";
import type { z } from "zod";

const { integer, list, oneOf, secret, text, url } = fields;

const KMS_PROVIDERS = ["none", "aws", "vault", "pkcs11"] as const;
type KmsProvider = (typeof KMS_PROVIDERS)[number];

/** Of the messenger's variables, those about keys. */
export const keyVariables = {
  KEY_FILE: text()
    .optional()
    .describe(
      "File with the key that seals secrets in the database. Unset: keys/local under DATA_DIRECTORY.",
    ),
  KMS_PROVIDER: oneOf(KMS_PROVIDERS)
    .default("none")
    .describe(
      "Who wraps the data keys. The key of KEY_FILE stands in while it is away, never when it denies.",
    ),
  KMS_REWRAP_INTERVAL: integer({ min: 1, max: 86_400, unit: "seconds" })
    .default(3_600)
    .describe("How often what was sealed without the provider is sealed anew under it."),
  AWS_REGION: text({ max: 64 }).optional().describe("For aws: the region of the key."),
  AWS_KMS_KEY_ID: text({ max: 2_048 })
    .optional()
    .describe(
      "For aws: id, ARN or alias of a symmetric key. Credentials are found as AWS's own tools find them.",
    ),
  AWS_KMS_EARLIER_KEY_IDS: list()
    .default([])
    .describe("For aws: ARNs of keys used earlier that may still unwrap, comma-separated."),
  AWS_KMS_ENDPOINT: url(["http", "https"])
    .optional()
    .describe("For aws: a private endpoint of its interface."),
  VAULT_ADDR: url(["http", "https"]).optional().describe("For vault: the address of Vault or OpenBao."),
  VAULT_TOKEN: secret().optional().describe("For vault: the token; or VAULT_TOKEN_FILE."),
  VAULT_TOKEN_FILE: text()
    .optional()
    .describe("For vault: file with the token, read before each request: an agent renews it meanwhile."),
  VAULT_NAMESPACE: text({ max: 256 }).optional().describe("For vault: the namespace."),
  VAULT_TRANSIT_MOUNT: text({ max: 128 })
    .default("transit")
    .describe("For vault: where the engine is mounted."),
  VAULT_TRANSIT_KEY: text({ max: 128 }).optional().describe("For vault: the key, of type aes256-gcm96."),
  PKCS11_MODULE: text().optional().describe("For pkcs11: path of the vendor's module."),
  PKCS11_TOKEN: text({ max: 32 }).optional().describe("For pkcs11: the label of the token in its slot."),
  PKCS11_PIN: secret().optional().describe("For pkcs11: the user's PIN. A refused one is not tried again."),
  PKCS11_KEY: text({ max: 255 }).optional().describe("For pkcs11: the label of an AES-256 key."),
};

export type KmsConfig =
  | {
      readonly kind: "aws";
      readonly region: string;
      readonly keyId: string;
      readonly earlierKeyIds: readonly string[];
      readonly endpoint: URL | null;
    }
  | {
      readonly kind: "vault";
      readonly address: URL;
      /** Itself, or the file it stands in. */
      readonly token: Secret | { readonly file: string };
      readonly namespace: string | null;
      readonly mount: string;
      readonly key: string;
    }
  | {
      readonly kind: "pkcs11";
      readonly module: string;
      readonly token: string;
      readonly pin: Secret;
      readonly key: string;
    };

type Read = z.infer<z.ZodObject<typeof keyVariables>>;
type Name = keyof typeof keyVariables;

/** What each provider cannot do without. */
const NEEDED: Readonly<Record<KmsProvider, readonly Name[]>> = {
  none: [],
  aws: ["AWS_REGION", "AWS_KMS_KEY_ID"],
  vault: ["VAULT_ADDR", "VAULT_TRANSIT_KEY"],
  pkcs11: ["PKCS11_MODULE", "PKCS11_TOKEN", "PKCS11_PIN", "PKCS11_KEY"],
};

/** An issue for each variable that the chosen provider needs and does not have. */
export function checkKeyVariables(read: Read, context: z.RefinementCtx): void {
  const missing = NEEDED[read.KMS_PROVIDER].filter((name) => read[name] === undefined);
  const tokenless = read.VAULT_TOKEN === undefined && read.VAULT_TOKEN_FILE === undefined;
  if (read.KMS_PROVIDER === "vault" && tokenless) missing.push("VAULT_TOKEN");
  for (const name of missing)
    context.addIssue({ code: "custom", path: [name], message: `KMS_PROVIDER is ${read.KMS_PROVIDER}` });
}

/** Null: there is no provider. `checkKeyVariables` has passed. */
export function kmsConfig(read: Read): KmsConfig | null {
  switch (read.KMS_PROVIDER) {
    case "none":
      return null;
    case "aws":
      return {
        kind: "aws",
        region: given(read.AWS_REGION),
        keyId: given(read.AWS_KMS_KEY_ID),
        earlierKeyIds: read.AWS_KMS_EARLIER_KEY_IDS,
        endpoint: read.AWS_KMS_ENDPOINT ?? null,
      };
    case "vault":
      return {
        kind: "vault",
        address: given(read.VAULT_ADDR),
        token: read.VAULT_TOKEN ?? { file: given(read.VAULT_TOKEN_FILE) },
        namespace: read.VAULT_NAMESPACE ?? null,
        mount: read.VAULT_TRANSIT_MOUNT,
        key: given(read.VAULT_TRANSIT_KEY),
      };
    case "pkcs11":
      return {
        kind: "pkcs11",
        module: given(read.PKCS11_MODULE),
        token: given(read.PKCS11_TOKEN),
        pin: given(read.PKCS11_PIN),
        key: given(read.PKCS11_KEY),
      };
  }
}

function given<T>(value: T | undefined): T {
  if (value === undefined) throw new TypeError("checkKeyVariables comes first");
  return value;
}
