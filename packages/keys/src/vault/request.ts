import { readAtMost } from "@rempart/kernel";
import type { Secret } from "@rempart/runtime";

export interface VaultConnection {
  /** Such as `https://vault.internal:8200`. */
  readonly address: string;
  /** Asked for before each request: an agent renews it meanwhile. */
  readonly token: () => Secret | Promise<Secret>;
  /** Vault Enterprise and OpenBao namespaces. */
  readonly namespace?: string;
  /** The trace that a request belongs to (W3C Trace Context), where it is to be told: its audit log can keep it. */
  readonly traceHeaders?: () => TraceFields | undefined;
}

export interface TraceFields {
  readonly traceparent: string;
  readonly tracestate?: string;
}

export interface VaultAnswer {
  readonly status: number;
  /** Parsed; null for what is not JSON, or larger than any answer. */
  readonly body: unknown;
}

const MAX_BYTES = 1_048_576;

/**
 * One request to the HTTP API of HashiCorp Vault or OpenBao. Rejects when no whole answer arrives, or as `token` does;
 * what a status means is the caller's business. A redirect is an answer, not followed: it would carry the token elsewhere.
 */
export async function vaultRequest(
  { address, token, namespace, traceHeaders }: VaultConnection,
  path: string,
  { body, signal }: { readonly body?: object; readonly signal: AbortSignal },
): Promise<VaultAnswer> {
  const headers = {
    "x-vault-token": (await token()).reveal(),
    "x-vault-request": "true",
    ...(namespace === undefined ? {} : { "x-vault-namespace": namespace }),
    ...traceHeaders?.(),
  };
  const sent = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  const response = await fetch(new URL(path, address), { ...sent, signal, redirect: "manual", headers });
  return { status: response.status, body: parseJson(await readAtMost(response.body, MAX_BYTES)) };
}

function parseJson(text: Uint8Array | null): unknown {
  try {
    return text && JSON.parse(Buffer.from(text).toString());
  } catch {
    // The parser's error would repeat a piece of the secret.
    return null;
  }
}
