import type { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { Secret } from "@rempart/runtime";
import { KeysError } from "../errors.ts";
import type { SecretProvider } from "./ports.ts";
import { askStore, type RemoteStoreOptions, remoteStore } from "./remote.ts";

export interface AwsSecretsOptions extends RemoteStoreOptions {
  readonly region: string;
  /** Only for a private endpoint of AWS's interface. */
  readonly endpoint?: string;
}

/**
 * AWS Secrets Manager: the value labelled AWSCURRENT. The name is the secret's name or ARN. Credentials come from where AWS's own tools find them:
 * environment, web identity, container or instance role.
 */
export function awsSecrets(options: AwsSecretsOptions): SecretProvider & AsyncDisposable {
  const store = remoteStore("aws-secrets-manager", options);
  let client: Promise<SecretsManagerClient> | undefined;
  return {
    name: "aws",
    read: (name) =>
      askStore(store, name, async (signal) => {
        client ??= openClient(options);
        return currentValue(await client, name, signal);
      }),
    async [Symbol.asyncDispose]() {
      (await client)?.destroy();
    },
  };
}

/** Loaded on first use: the library takes longer to load than a process without AWS takes to start. */
async function openClient({ region, endpoint }: AwsSecretsOptions): Promise<SecretsManagerClient> {
  const { SecretsManagerClient } = await import("@aws-sdk/client-secrets-manager");
  // Repeats are the dependency's: two layers of them would multiply.
  return new SecretsManagerClient({
    region,
    maxAttempts: 1,
    ...(endpoint === undefined ? {} : { endpoint }),
  });
}

async function currentValue(
  client: SecretsManagerClient,
  name: string,
  abortSignal: AbortSignal,
): Promise<Secret> {
  const { GetSecretValueCommand } = await import("@aws-sdk/client-secrets-manager");
  try {
    const answer = await client.send(new GetSecretValueCommand({ SecretId: name }), { abortSignal });
    if (answer.SecretString === undefined)
      throw new KeysError("secret-malformed", `secret ${name} holds bytes, not text`);
    return new Secret(answer.SecretString);
  } catch (error) {
    throw refusalOf(name, error);
  }
}

/** Answers of a healthy service. Throttling, server errors and a silent network are not among them. */
const ANSWERS: Readonly<Record<string, "secret-missing" | "secret-denied">> = {
  ResourceNotFoundException: "secret-missing",
  // A secret marked for deletion.
  InvalidRequestException: "secret-missing",
  InvalidParameterException: "secret-missing",
  ValidationException: "secret-missing",
  AccessDeniedException: "secret-denied",
  // The key that the secret is encrypted under refuses.
  DecryptionFailure: "secret-denied",
  UnrecognizedClientException: "secret-denied",
  InvalidSignatureException: "secret-denied",
  IncompleteSignature: "secret-denied",
  MissingAuthenticationTokenException: "secret-denied",
  InvalidClientTokenId: "secret-denied",
  OptInRequired: "secret-denied",
  ExpiredTokenException: "secret-denied",
  NotAuthorized: "secret-denied",
};

function refusalOf(name: string, error: unknown): unknown {
  const code = error instanceof Error ? ANSWERS[error.name] : undefined;
  if (code === undefined) return error;
  return new KeysError(code, `AWS Secrets Manager refuses secret ${name}`, { cause: error });
}
