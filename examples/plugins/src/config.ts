/** What the service is told from outside: `process.env` on Node, bindings on Workers. */
export interface Config {
  readonly allowedOrigins: readonly string[];
  readonly adminKeys: readonly AdminKey[];
}

/** Someone who may administer. Only the digest of the key is known here. */
export interface AdminKey {
  readonly tenantId: string;
  /** SHA-256 of the key. */
  readonly digest: Uint8Array;
}

const DEVELOPMENT_ORIGINS = "http://localhost:3000,http://localhost:5173";
const ADMIN_KEY = /^([a-z0-9-]{1,64}):([0-9a-f]{64})$/;

/**
 * - `ALLOWED_ORIGINS`: origins that may call from a browser, separated by commas; `*.example.com` for subdomains.
 * - `ADMIN_KEYS`: `tenant:sha256-of-the-key` in hexadecimal, separated by commas. Without it nobody may administer.
 *
 * Throws `TypeError` that names the variable, and never repeats a key.
 */
export function readConfig(env: Readonly<Record<string, unknown>>): Config {
  return {
    allowedOrigins: list(env.ALLOWED_ORIGINS ?? DEVELOPMENT_ORIGINS),
    adminKeys: list(env.ADMIN_KEYS ?? "").map(readAdminKey),
  };
}

function list(value: unknown): string[] {
  return String(value)
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

function readAdminKey(text: string, index: number): AdminKey {
  const [, tenantId, hex] = ADMIN_KEY.exec(text) ?? [];
  if (tenantId === undefined || hex === undefined) {
    throw new TypeError(`ADMIN_KEYS, entry ${index + 1}: expects tenant:sha256, in lower-case hexadecimal`);
  }
  return { tenantId, digest: Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)) };
}
