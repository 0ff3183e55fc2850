import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import type { PasskeyCreation, PasskeyRequest } from "../src/index.ts";

export const SITE = { rpId: "localhost", rpName: "Test", origins: ["http://localhost:4000"] };

/** What an authenticator does with a request when it does not behave. */
export interface Misbehaviour {
  readonly origin?: string;
  readonly rpId?: string;
  readonly challenge?: string;
  readonly crossOrigin?: boolean;
  readonly type?: string;
  readonly userVerified?: boolean;
  readonly userPresent?: boolean;
  readonly counter?: number;
  readonly userHandle?: string | null;
  readonly signedBy?: KeyObject;
  readonly format?: Buffer;
}

/** CBOR of the few shapes WebAuthn needs (RFC 8949). */
const head = (major: number, length: number): Buffer => {
  if (length < 24) return Buffer.from([(major << 5) | length]);
  if (length < 256) return Buffer.from([(major << 5) | 24, length]);
  return Buffer.from([(major << 5) | 25, length >> 8, length & 255]);
};
const text = (value: string): Buffer =>
  Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
const bytes = (value: Buffer): Buffer => Buffer.concat([head(2, value.length), value]);
const integer = (value: number): Buffer => (value < 0 ? head(1, -1 - value) : head(0, value));
const map = (...entries: [Buffer, Buffer][]): Buffer =>
  Buffer.concat([head(5, entries.length), ...entries.flat()]);

const sha256 = (data: Buffer | string): Buffer => createHash("sha256").update(data).digest();

/** A statement with a certificate: whoever reads it looks for a list of revocation at an address the certificate names. */
export const ATTESTED = Buffer.concat([
  text("fmt"),
  text("packed"),
  text("attStmt"),
  map([text("x5c"), Buffer.concat([head(4, 1), bytes(Buffer.alloc(8))])]),
]);
const UNATTESTED = Buffer.concat([text("fmt"), text("none"), text("attStmt"), map()]);

/** An authenticator in software: one discoverable ES256 credential, a counter, a person who is always verified. */
export class Authenticator {
  readonly id = randomBytes(16).toString("base64url");
  readonly #keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
  counter = 0;
  #userHandle = "";

  get privateKey(): KeyObject {
    return this.#keys.privateKey;
  }

  /** What `navigator.credentials.create()` would give, as JSON. */
  create(options: PasskeyCreation, bad: Misbehaviour = {}): object {
    this.#userHandle = options.user.id;
    const clientDataJSON = this.#clientData(bad.type ?? "webauthn.create", options.challenge, bad);
    const attested = Buffer.concat([
      this.#authenticatorData(0x40, bad),
      Buffer.alloc(16),
      Buffer.from([0, 16]),
      Buffer.from(this.id, "base64url"),
      this.#coseKey(),
    ]);
    const attestationObject = Buffer.concat([
      head(5, 3),
      bad.format ?? UNATTESTED,
      text("authData"),
      bytes(attested),
    ]).toString("base64url");
    return this.#credential({
      clientDataJSON: clientDataJSON.toString("base64url"),
      attestationObject,
      transports: ["internal"],
    });
  }

  /** What `navigator.credentials.get()` would give, as JSON. */
  get(options: PasskeyRequest, bad: Misbehaviour = {}): object {
    this.counter += 1;
    const clientDataJSON = this.#clientData(bad.type ?? "webauthn.get", options.challenge, bad);
    const authenticatorData = this.#authenticatorData(0, bad);
    const signed = Buffer.concat([authenticatorData, sha256(clientDataJSON)]);
    const userHandle = bad.userHandle === undefined ? this.#userHandle : bad.userHandle;
    return this.#credential({
      clientDataJSON: clientDataJSON.toString("base64url"),
      authenticatorData: authenticatorData.toString("base64url"),
      signature: sign("sha256", signed, bad.signedBy ?? this.privateKey).toString("base64url"),
      userHandle,
    });
  }

  #credential(response: object): object {
    return { id: this.id, rawId: this.id, type: "public-key", clientExtensionResults: {}, response };
  }

  #clientData(type: string, challenge: string, bad: Misbehaviour): Buffer {
    const [origin = ""] = SITE.origins;
    return Buffer.from(
      JSON.stringify({
        type,
        challenge: bad.challenge ?? challenge,
        origin: bad.origin ?? origin,
        crossOrigin: bad.crossOrigin ?? false,
      }),
    );
  }

  #authenticatorData(flags: number, bad: Misbehaviour): Buffer {
    const present = bad.userPresent === false ? 0 : 0x01;
    const verified = bad.userVerified === false ? 0 : 0x04;
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(bad.counter ?? this.counter);
    return Buffer.concat([sha256(bad.rpId ?? SITE.rpId), Buffer.from([flags | present | verified]), counter]);
  }

  #coseKey(): Buffer {
    const { x = "", y = "" } = this.#keys.publicKey.export({ format: "jwk" });
    return map(
      [integer(1), integer(2)],
      [integer(3), integer(-7)],
      [integer(-1), integer(1)],
      [integer(-2), bytes(Buffer.from(x, "base64url"))],
      [integer(-3), bytes(Buffer.from(y, "base64url"))],
    );
  }
}
