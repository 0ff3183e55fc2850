/** Values that must never be kept, and texts that must be kept as they are. Every value is made up or published as an example. */

export interface Hidden {
  readonly what: string;
  readonly value: string;
  /** The part that alone would be harm enough. */
  readonly core?: string;
}

const BASE64 = "QmFzZTY0IG9mIHNvbWV0aGluZyBzZWNyZXQh";

/** Found by shape, under whatever name and in whatever sentence they stand. */
export const BY_SHAPE: readonly Hidden[] = [
  {
    what: "JSON web token",
    value: "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJl",
    core: "c2lnbmF0dXJl",
  },
  {
    what: "encrypted web token",
    value: "eyJhbGciOiJkaXIifQ.eyJwIjoiMSJ9aaaa.c2lnbmF0dXJlMg",
    core: "c2lnbmF0dXJlMg",
  },
  { what: "bearer token", value: `Bearer ${BASE64}`, core: BASE64 },
  { what: "basic credentials", value: "Basic YWxpY2U6aHVudGVyMg==", core: "YWxpY2U6aHVudGVyMg" },
  { what: "payment key", value: "sk_live_4eC39HqLyjWDarjtT1zdp7dc" },
  { what: "webhook secret", value: "whsec_5WbX5kEWLlfzsGNjH64I8lOOqUB6e8FH" },
  { what: "cloud access key", value: "AKIAIOSFODNN7EXAMPLE" },
  { what: "temporary cloud key", value: "ASIAY34FZKBOKMUTVV7A" },
  { what: "code host token", value: "ghp_16C7e42F292c6912E7710c838347Ae178B4a" },
  { what: "fine-grained token", value: "github_pat_11ABCDEFG0abcdefghijkl_mnopqrstuvwxyz" },
  { what: "package token", value: "npm_aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789" },
  { what: "chat token", value: "xoxb-123456789012-abcdefghijklmnop" },
  {
    what: "database address",
    value: "postgres://app:hunter2-of-production@db/shop",
    core: "hunter2-of-production",
  },
  { what: "redis address", value: "redis://:s3cr3t-of-redis@cache:6379", core: "s3cr3t-of-redis" },
  {
    what: "private key",
    value: `-----BEGIN ${"PRIVATE"} KEY-----\n${BASE64}\n-----END ${"PRIVATE"} KEY-----`,
    core: BASE64,
  },
  { what: "cut private key", value: `-----BEGIN RSA ${"PRIVATE"} KEY-----\n${BASE64}`, core: BASE64 },
  { what: "e-mail", value: "alice.o'hara+news@example.co.uk", core: "example.co.uk" },
  { what: "e-mail of a Unicode domain", value: "rené@exämple.fr" },
  { what: "card", value: "4111 1111 1111 1111" },
  { what: "card with hyphens", value: "5500-0000-0000-0004" },
  { what: "card of fifteen digits", value: "378282246310005" },
  { what: "social security number", value: "078-05-1120" },
  { what: "French security number", value: "2 55 08 14 168 025 38" },
  { what: "account number", value: "FR14 2004 1010 0505 0001 3M02 606" },
  { what: "account number without spaces", value: "DE89370400440532013000" },
  { what: "international phone", value: "+33 6 12 34 56 78" },
  { what: "national phone", value: "06 12 34 56 78" },
  { what: "phone with an area code", value: "(212) 555-0123" },
];

/** Shapeless: only the member's name tells. */
export const BY_NAME: readonly { readonly name: string; readonly value: string }[] = [
  "password",
  "newPassword",
  "pwd",
  "passphrase",
  "client_secret",
  "X-Api-Key",
  "sessionToken",
  "Set-Cookie",
  "authorization",
  "privateKey",
  "recoveryCodes",
  "otp",
  "totpSeed",
  "cvv",
  "pin",
  "mnemonic",
].map((name, i) => ({ name, value: `plain words number ${i} of nobody else` }));

/** What logs are full of, and what must be readable in them. */
export const HARMLESS: readonly string[] = [
  "order 4111 1111 1111 1112",
  "2026-11-21T06:48:23.123Z",
  "2026-11-21 06:48:23,123 +0100",
  "0198f0e2-7c1a-7b3e-9f00-123456789abc",
  "0198f0e27c1a7b3e9f00a23456789abc",
  "192.0.2.14",
  "192.0.2.14:54321",
  "2001:db8::1",
  "GET /api/v1/users/42",
  "/api/v1/conversations/0198f0e2-7c1a-7b3e-9f00-0d23f5678abc/messages",
  "version 1.2.3-rc.4",
  "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
  "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148",
  "1234567890123",
  "1763707703123",
  "https://example.org/path?page=2",
  "https://example.org:8443/health",
  "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
  "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
  "commit 1eaf2ebd5cad0d3f",
  "Total: 1,234,567.89 EUR",
  "room 12-34-567",
  "ticket #2026-0042",
  "skipped 16 of 20 tasks",
  "a shipping opinion about spinning",
  "basically all bearers arrived",
  "weekdays 08:00-18:30",
  "48.8566, 2.3522",
  "10.0.0.0/8",
  "ISBN 978-3-16-148410-0",
  "#ff8800",
  "error 0x80070057",
  "utf-8; q=0.9",
  "@mention of nobody",
  "user@",
  "12 345 678 rows",
];
