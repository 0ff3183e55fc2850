import type { Answer, Wire } from "../wire-server.ts";

/** An error of AWS's JSON 1.1 protocol. */
export const awsError = (status: number, type: string): Answer => ({
  status,
  body: JSON.stringify({ __type: type, message: "of the test" }),
});

/** `failing` is what the service calls an error of its own. */
export const awsFaults = (failing: string): Wire["faults"] => ({
  denied: awsError(400, "AccessDeniedException"),
  throttled: awsError(400, "ThrottlingException"),
  failing: awsError(500, failing),
});

export const vaultErrors = (status: number, ...errors: string[]): Answer => ({
  status,
  body: JSON.stringify({ errors }),
});

/** Of the engine mounted at `path`. */
export const vaultFaults = (path: string): Wire["faults"] => ({
  denied: vaultErrors(403, "1 error occurred:\n\t* permission denied\n\n"),
  throttled: vaultErrors(429, `request path ${path} rate limit quota exceeded`),
  failing: vaultErrors(503, "Vault is sealed"),
});
