import { randomBytes } from "node:crypto";
import { CKR, LOST_SESSION, REFUSED_PIN } from "./codes.ts";
import {
  type Attribute,
  allocate,
  type Cryptoki,
  CryptokiError,
  copyOf,
  loadCryptoki,
  structure,
} from "./cryptoki.ts";

export interface TokenLogin {
  /** Path of the module, such as `/usr/lib/softhsm/libsofthsm2.so`. */
  readonly module: string;
  /** The token's label. */
  readonly token: string;
  readonly pin: string;
}

const CKM_AES_KEY_GEN = 0x1080;
const CKM_AES_GCM = 0x1087;
const CKA = {
  CLASS: 0x0,
  TOKEN: 0x1,
  PRIVATE: 0x2,
  LABEL: 0x3,
  KEY_TYPE: 0x100,
  SENSITIVE: 0x103,
  ENCRYPT: 0x104,
  DECRYPT: 0x105,
  VALUE_LEN: 0x161,
  EXTRACTABLE: 0x162,
} as const;
const CKO_SECRET_KEY = 4;
const CKK_AES = 0x1f;

const IV_BYTES = 12;
const TAG_BITS = 128;

/** The key is not one that may be used, whatever the token would let us do. */
export class UnfitKeyError extends Error {}

/** One session with the token, opened when it is first needed and again when it is lost. For one thread. */
export class Token {
  readonly #login: TokenLogin;
  #cryptoki: Cryptoki | undefined;
  #session: bigint | undefined;
  /** How the token refused the PIN: it is not tried again. */
  #refused: CryptokiError | undefined;
  readonly #keys = new Map<string, bigint>();

  constructor(login: TokenLogin) {
    this.#login = login;
  }

  /** The IV in front: a FIPS module puts in its own. The label is authenticated. */
  wrap(label: string, key: Uint8Array): Uint8Array {
    return this.#inSession((cryptoki, session) => {
      const iv = copyOf(randomBytes(IV_BYTES));
      const mechanism = gcm(iv, label);
      const sealed = cryptoki.encrypt(session, this.#key(cryptoki, session, label), mechanism, key);
      return Buffer.concat([iv, sealed]);
    });
  }

  unwrap(label: string, wrapped: Uint8Array): Uint8Array {
    return this.#inSession((cryptoki, session) => {
      const mechanism = gcm(copyOf(wrapped.subarray(0, IV_BYTES)), label);
      const key = this.#key(cryptoki, session, label);
      return cryptoki.decrypt(session, key, mechanism, wrapped.subarray(IV_BYTES));
    });
  }

  /** A new AES-256 key that cannot leave the token. Refused when there is one of this name. */
  generate(label: string): void {
    this.#inSession((cryptoki, session) => {
      if (cryptoki.find(session, ofName(label), 1).length > 0)
        throw new UnfitKeyError(`the token has a key ${label} already`);
      cryptoki.generateKey(session, CKM_AES_KEY_GEN, [
        ...ofName(label),
        { type: CKA.VALUE_LEN, value: structure(32) },
        flag(CKA.TOKEN, true),
        flag(CKA.PRIVATE, true),
        flag(CKA.SENSITIVE, true),
        flag(CKA.EXTRACTABLE, false),
        flag(CKA.ENCRYPT, true),
        flag(CKA.DECRYPT, true),
      ]);
    });
  }

  close(): void {
    const session = this.#session;
    this.#forget();
    if (session !== undefined) this.#cryptoki?.closeSession(session);
  }

  /** A session may have gone with the token, a restart of its daemon or a logout elsewhere in the process: once more, then. */
  #inSession<T>(work: (cryptoki: Cryptoki, session: bigint) => T): T {
    const isFresh = this.#session === undefined;
    try {
      return this.#attempt(work);
    } catch (error) {
      const isLost = error instanceof CryptokiError && LOST_SESSION.has(error.returned);
      if (!isLost) throw error;
      this.#abandon();
      if (isFresh) throw error;
      return this.#attempt(work);
    }
  }

  #attempt<T>(work: (cryptoki: Cryptoki, session: bigint) => T): T {
    this.#cryptoki ??= loadCryptoki(this.#login.module);
    this.#session ??= this.#open(this.#cryptoki);
    return work(this.#cryptoki, this.#session);
  }

  #open(cryptoki: Cryptoki): bigint {
    if (this.#refused !== undefined) throw this.#refused;
    const { token, pin } = this.#login;
    cryptoki.initialise();
    const slot = cryptoki.slots().find((each) => cryptoki.tokenLabel(each) === token);
    if (slot === undefined) throw new CryptokiError("C_GetSlotList", CKR.TOKEN_NOT_PRESENT);
    const session = cryptoki.openSession(slot);
    try {
      cryptoki.login(session, pin);
      return session;
    } catch (error) {
      cryptoki.closeSession(session);
      if (error instanceof CryptokiError && REFUSED_PIN.has(error.returned)) this.#refused = error;
      throw error;
    }
  }

  #abandon(): void {
    try {
      this.close();
    } catch {
      // It was lost: there is nothing to close.
    }
  }

  #forget(): void {
    this.#session = undefined;
    this.#keys.clear();
  }

  #key(cryptoki: Cryptoki, session: bigint, label: string): bigint {
    const known = this.#keys.get(label);
    if (known !== undefined) return known;
    const [key, another] = cryptoki.find(session, ofName(label), 2);
    if (key === undefined) throw new UnfitKeyError(`the token has no AES key ${label}`);
    if (another !== undefined) throw new UnfitKeyError(`the token has several keys ${label}`);
    const stays = cryptoki.flag(session, key, CKA.SENSITIVE) && !cryptoki.flag(session, key, CKA.EXTRACTABLE);
    if (!stays) throw new UnfitKeyError(`key ${label} can be taken out of the token`);
    this.#keys.set(label, key);
    return key;
  }
}

function ofName(label: string): Attribute[] {
  return [
    { type: CKA.CLASS, value: structure(CKO_SECRET_KEY) },
    { type: CKA.KEY_TYPE, value: structure(CKK_AES) },
    { type: CKA.LABEL, value: copyOf(new TextEncoder().encode(label)) },
  ];
}

function flag(type: number, value: boolean): Attribute {
  const bytes = allocate(1);
  bytes[0] = value ? 1 : 0;
  return { type, value: bytes };
}

/** CK_MECHANISM with CK_GCM_PARAMS. */
function gcm(iv: Uint8Array<ArrayBuffer>, label: string): Uint8Array<ArrayBuffer> {
  const associated = copyOf(new TextEncoder().encode(label));
  const parameters = structure(iv, iv.length, iv.length * 8, associated, associated.length, TAG_BITS);
  return structure(CKM_AES_GCM, parameters, parameters.length);
}
