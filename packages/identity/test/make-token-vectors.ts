/**
 * Writes `vectors/access-tokens.json`. What it holds is never rewritten: what an earlier version accepted or refused, later
 * ones do as well, and `token-vectors.test.ts` reads it. Ed25519 is deterministic: the same keys give the same file.
 */
import { createHmac, createPublicKey, sign } from "node:crypto";
import { existsSync, writeFileSync } from "node:fs";
import { privateKeyOf, publicBytesOf, thumbprint } from "../src/tokens/key-material.ts";

const file = new URL("../vectors/access-tokens.json", import.meta.url);
if (existsSync(file)) throw new Error("vectors are never rewritten: name a new file");

const NOW = Date.UTC(2026, 0, 15, 13) / 1000;
/** The order of Ed25519's group (RFC 8032, section 5.1). */
const L = 2n ** 252n + 27742317777372353535851937790883648493n;

const keyOf = (byte: number) => {
  const privateKey = privateKeyOf(new Uint8Array(32).fill(byte));
  const publicBytes = publicBytesOf(privateKey);
  return { privateKey, publicBytes, kid: thumbprint(publicBytes), x: publicBytes.toString("base64url") };
};
type Key = ReturnType<typeof keyOf>;
const [signing, before, retired, foreign] = [keyOf(1), keyOf(2), keyOf(3), keyOf(4)];

const text = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));
const encode = (value: unknown): string => Buffer.from(text(value)).toString("base64url");
const headerOf = ({ kid }: Key) => ({ alg: "EdDSA", kid, typ: "at+jwt" });
const seal = (signed: string, key: Key): string =>
  `${signed}.${sign(null, Buffer.from(signed), key.privateKey).toString("base64url")}`;
/** Header and payload as values, or as the very text to encode. */
const jwt = (header: unknown, payload: unknown, key: Key = signing): string =>
  seal(`${encode(header)}.${encode(payload)}`, key);

const claims = {
  iss: "rempart",
  aud: "rempart",
  sub: "0190a0b0-c0d0-7000-8000-00000000000a",
  sid: "0190a0b0-c0d0-7000-8000-00000000000b",
  jti: "0190a0b0-c0d0-7000-8000-00000000000c",
  iat: NOW - 60,
  exp: NOW + 840,
  role: "USER",
  amr: ["pwd"],
  auth_time: NOW - 3_600,
};
const ours = headerOf(signing);
const good = jwt(ours, claims);
const [head = "", body = "", signature = ""] = good.split(".");
const json = JSON.stringify(claims);
const headJson = JSON.stringify(ours);
const hmac = (secret: string | Uint8Array): string => {
  const signed = `${encode({ ...ours, alg: "HS256" })}.${body}`;
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
};
const pem = createPublicKey(signing.privateKey).export({ type: "spki", format: "pem" });
const jwk = { kty: "OKP", crv: "Ed25519", x: foreign.x };

/** The same point and the scalar plus the order: verifiers that do not reduce accept it. */
function malleated(): string {
  const bytes = Buffer.from(signature, "base64url");
  const scalar = BigInt(`0x${Buffer.from(bytes.subarray(32)).reverse().toString("hex")}`) + L;
  const hex = scalar.toString(16).padStart(64, "0");
  return Buffer.concat([bytes.subarray(0, 32), Buffer.from(hex, "hex").reverse()]).toString("base64url");
}

/** The next digit, whose bits beyond the last byte are other ones. */
function withOtherEnd(part: string): string {
  const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return part.slice(0, -1) + digits[digits.indexOf(part.at(-1) ?? "") + 1];
}
/** Of a length that leaves bits over. */
const loose = encode({ ...claims, jti: "x".repeat(36 + (3 - (json.length % 3)) + 1) });

const valid = {
  "of the key that signs": [good, claims],
  "of the key before, in its overlap": [jwt(headerOf(before), claims, before), claims],
  "for an organisation, with a second factor": (() => {
    const tenant = { id: "0190a0b0-c0d0-7000-8000-00000000000d", role: "ADMIN" };
    const more = { ...claims, role: "ADMIN", tenant, amr: ["pwd", "otp", "mfa"], mfa_time: NOW - 30 };
    return [jwt(ours, more), more];
  })(),
  "issued a little ahead of our clock": (() => {
    const early = { ...claims, iat: NOW + 20 };
    return [jwt(ours, early), early];
  })(),
} as const;

const invalid: Record<string, string> = {
  "alg none without a signature": `${encode({ ...ours, alg: "none" })}.${body}.`,
  "alg none with our signature": `${encode({ ...ours, alg: "none" })}.${body}.${signature}`,
  "alg nOnE": jwt({ ...ours, alg: "nOnE" }, claims),
  "alg Ed25519": jwt({ ...ours, alg: "Ed25519" }, claims),
  "no alg": jwt({ kid: signing.kid, typ: "at+jwt" }, claims),
  "HS256 with the public key's bytes": hmac(signing.publicBytes),
  "HS256 with the public key as PEM": hmac(pem as string),
  "HS256 with x of the published set": hmac(signing.x),
  "another's signature under our kid": jwt(ours, claims, foreign),
  "the kid of another key of ours": jwt(headerOf(before), claims),
  "an unknown kid": jwt(headerOf(foreign), claims, foreign),
  "a retired key": jwt(headerOf(retired), claims, retired),
  "no kid": jwt({ alg: "EdDSA", typ: "at+jwt" }, claims),
  "a kid that is a path": jwt({ ...ours, kid: "../../dev/null" }, claims),
  "a key in the header": jwt({ ...ours, jwk }, claims, foreign),
  "an address of keys": jwt({ ...ours, jku: "https://evil.example/jwks.json" }, claims, foreign),
  crit: jwt({ ...ours, crit: ["exp"] }, claims),
  "b64 false": jwt({ ...ours, b64: false, crit: ["b64"] }, claims),
  "typ JWT": jwt({ ...ours, typ: "JWT" }, claims),
  "the header in another order": jwt({ kid: signing.kid, alg: "EdDSA", typ: "at+jwt" }, claims),
  "the header's alg twice": jwt(headJson.replace("{", '{"alg":"none",'), claims),
  "the header with a space": jwt(headJson.replace(":", ": "), claims),
  "the header with an escape": jwt(headJson.replace("EdDSA", "\\u0045dDSA"), claims),
  "the header in full-width letters": jwt(headJson.replace("EdDSA", "ＥｄＤＳＡ"), claims),
  expired: jwt(ours, { ...claims, iat: NOW - 1_000, exp: NOW - 100 }),
  "iat in the future": jwt(ours, { ...claims, iat: NOW + 300, exp: NOW + 900 }),
  "nbf in the future": jwt(ours, { ...claims, nbf: NOW + 300 }),
  "a longer life than we give": jwt(ours, { ...claims, exp: NOW + 86_400 }),
  "without exp": jwt(ours, { ...claims, exp: undefined }),
  "exp as text": jwt(ours, { ...claims, exp: String(claims.exp) }),
  "exp beyond numbers": jwt(ours, json.replace(String(claims.exp), "1e400")),
  "iat before 1970": jwt(ours, { ...claims, iat: -1 }),
  "another issuer": jwt(ours, { ...claims, iss: "rempart.example" }),
  "another audience": jwt(ours, { ...claims, aud: "other" }),
  "several audiences": jwt(ours, { ...claims, aud: ["rempart", "other"] }),
  "an issuer with a look-alike letter": jwt(ours, { ...claims, iss: "r\u0435mpart" }),
  "an issuer in full-width letters": jwt(ours, { ...claims, iss: "ｒｅｍｐａｒｔ" }),
  "an issuer with a zero-width space": jwt(ours, { ...claims, iss: "rempart\u200b" }),
  "an issuer with a NUL": jwt(ours, { ...claims, iss: "rempart\0" }),
  "sub that is no id": jwt(ours, { ...claims, sub: "' OR 1=1 --" }),
  "without sid": jwt(ours, { ...claims, sid: undefined }),
  "a claim twice": jwt(ours, json.replace('"role"', '"role":"ADMIN","role"')),
  "a payload with a space": jwt(ours, `${json} `),
  "a payload with a byte order mark": jwt(ours, `\ufeff${json}`),
  "a payload that is no UTF-8": seal(
    `${head}.${Buffer.concat([Buffer.from(json.slice(0, -1)), Buffer.from(',"x":"\xff"}', "latin1")]).toString("base64url")}`,
    signing,
  ),
  "a payload that is an array": jwt(ours, [claims]),
  "a payload that is null": jwt(ours, null),
  "a payload of nothing": seal(`${head}.`, signing),
  "a payload whose text is not canonical": seal(`${head}.${withOtherEnd(loose)}`, signing),
  "a padded payload": seal(`${head}.${body}=`, signing),
  "a changed payload": `${head}.${encode({ ...claims, role: "ADMIN" })}.${signature}`,
  "a signature whose text is not canonical": `${head}.${body}.${withOtherEnd(signature)}`,
  "a signature plus the group's order": `${head}.${body}.${malleated()}`,
  "a signature of zeros": `${head}.${body}.${"A".repeat(86)}`,
  "a padded signature": `${good}==`,
  "the alphabet of plain base64": `${head}.${body}.+/${signature.slice(2)}`,
  "without a signature": `${head}.${body}`,
  "with an empty signature": `${head}.${body}.`,
  cut: good.slice(0, -1),
  "four parts": `${good}.${signature}`,
  "five parts": `${head}..${body}.${signature}.${signature}`,
  "a dot behind": `${good}.`,
  "a space in front": ` ${good}`,
  "a line feed behind": `${good}\n`,
  "a NUL behind": `${good}\0`,
  "a zero-width space within": `${head}.\u200b${body}.${signature}`,
  "a letter whose low byte is ours": `${head}.${String.fromCharCode(0x100 + body.charCodeAt(0))}${body.slice(1)}.${signature}`,
  "larger than we read": jwt(ours, { ...claims, jti: "x".repeat(16_384) }),
  empty: "",
  "three dots": "...",
};

const vectors = {
  issuer: "rempart",
  audience: "rempart",
  now: NOW,
  lifetimeSeconds: 900,
  keys: { signing: signing.x, inOverlap: before.x, retired: retired.x },
  valid: Object.entries(valid).map(([name, [token, says]]) => ({ name, token, claims: says })),
  invalid: Object.entries(invalid).map(([name, token]) => ({ name, token })),
};
writeFileSync(file, `${JSON.stringify(vectors, null, 1)}\n`);
