import { KeysError, type KeysErrorCode } from "../../errors.ts";

type Failure = Extract<KeysErrorCode, `provider-${string}`>;

/** By the name of the error: https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html and each action's own. */
const BY_NAME: Readonly<Record<string, Failure>> = {
  AccessDeniedException: "provider-denied",
  // Somebody switched the key off, or is about to destroy it.
  DisabledException: "provider-denied",
  KMSInvalidStateException: "provider-denied",
  ExpiredTokenException: "provider-denied",
  IncompleteSignature: "provider-denied",
  InvalidClientTokenId: "provider-denied",
  InvalidSignatureException: "provider-denied",
  MissingAuthenticationTokenException: "provider-denied",
  NotAuthorized: "provider-denied",
  OptInRequired: "provider-denied",
  UnrecognizedClientException: "provider-denied",
  // The library found no credentials at all.
  CredentialsProviderError: "provider-denied",
  ThrottlingException: "provider-throttled",
  Throttling: "provider-throttled",
  TooManyRequestsException: "provider-throttled",
  RequestLimitExceeded: "provider-throttled",
  DependencyTimeoutException: "provider-unavailable",
  KeyUnavailableException: "provider-unavailable",
  KMSInternalException: "provider-unavailable",
  AbortError: "provider-unavailable",
  TimeoutError: "provider-unavailable",
};

/** Of Node's sockets and resolver: no answer arrived. */
const NETWORK = /^(ECONN|EAI_|ENOTFOUND|EHOSTUNREACH|ENETUNREACH|EPIPE|ETIMEDOUT)/;

interface AwsError {
  readonly name?: unknown;
  readonly code?: unknown;
  /** Whose fault, in an error that the service itself told. */
  readonly $fault?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number };
  /** Also where the answer could not be parsed. */
  readonly $response?: { readonly statusCode?: number };
}

/** An error of the AWS library as ours. What is not known is `provider-garbled`, which nothing bridges. */
export function failureOf(error: unknown): KeysError {
  if (error instanceof KeysError) return error;
  const code = codeOf((error ?? {}) as AwsError);
  return new KeysError(code, `AWS KMS: ${MESSAGES[code]}`, { cause: error });
}

const MESSAGES: Readonly<Record<Failure, string>> = {
  "provider-denied": "the use of the key is denied",
  "provider-garbled": "what answered is not AWS KMS",
  "provider-refused": "the request is refused",
  "provider-throttled": "it asks to be called less",
  "provider-unavailable": "no answer",
};

function codeOf({ name, code, $fault, $metadata, $response }: AwsError): Failure {
  const known = typeof name === "string" && Object.hasOwn(BY_NAME, name) ? BY_NAME[name] : undefined;
  if (known !== undefined) return known;
  if (typeof code === "string" && NETWORK.test(code)) return "provider-unavailable";
  const status = $response?.statusCode ?? $metadata?.httpStatusCode ?? 0;
  if (status >= 500) return "provider-unavailable";
  if (status === 429) return "provider-throttled";
  if (status === 401 || status === 403) return "provider-denied";
  return $fault === "client" ? "provider-refused" : "provider-garbled";
}
