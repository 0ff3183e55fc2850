import { dlopen, getRawPointer } from "node:ffi";
import { CKR } from "./codes.ts";

/*
 * The few functions of Cryptoki (PKCS#11) that wrapping a data key takes, called in the module itself. CK_ULONG is 64 bits
 * and structures are not packed: Linux and macOS on 64-bit machines.
 */

const CK_ULONG = 8;

const FUNCTIONS = {
  C_Initialize: { arguments: ["pointer"], return: "u64" },
  C_GetSlotList: { arguments: ["u8", "pointer", "pointer"], return: "u64" },
  C_GetTokenInfo: { arguments: ["u64", "pointer"], return: "u64" },
  C_OpenSession: { arguments: ["u64", "u64", "pointer", "pointer", "pointer"], return: "u64" },
  C_CloseSession: { arguments: ["u64"], return: "u64" },
  C_Login: { arguments: ["u64", "u64", "pointer", "u64"], return: "u64" },
  C_FindObjectsInit: { arguments: ["u64", "pointer", "u64"], return: "u64" },
  C_FindObjects: { arguments: ["u64", "pointer", "u64", "pointer"], return: "u64" },
  C_FindObjectsFinal: { arguments: ["u64"], return: "u64" },
  C_GetAttributeValue: { arguments: ["u64", "u64", "pointer", "u64"], return: "u64" },
  C_GenerateKey: { arguments: ["u64", "pointer", "pointer", "u64", "pointer"], return: "u64" },
  C_EncryptInit: { arguments: ["u64", "pointer", "u64"], return: "u64" },
  C_Encrypt: { arguments: ["u64", "pointer", "u64", "pointer", "pointer"], return: "u64" },
  C_DecryptInit: { arguments: ["u64", "pointer", "u64"], return: "u64" },
  C_Decrypt: { arguments: ["u64", "pointer", "u64", "pointer", "pointer"], return: "u64" },
} as const;

type FunctionName = keyof typeof FUNCTIONS;

/** A return value other than CKR_OK. */
export class CryptokiError extends Error {
  readonly returned: number;

  constructor(name: FunctionName, returned: number) {
    super(`${name} returned 0x${returned.toString(16)}`);
    this.returned = returned;
  }
}

export interface Attribute {
  readonly type: number;
  readonly value: Uint8Array<ArrayBuffer>;
}

export type Cryptoki = ReturnType<typeof loadCryptoki>;

/** Loads the module. Throws what the dynamic loader says, or `CryptokiError`. */
export function loadCryptoki(path: string) {
  const { functions } = dlopen(path, FUNCTIONS);

  return {
    initialise(): void {
      // Four mutex functions left null, CKF_OS_LOCKING_OK: other threads of this process may use the module, too.
      const options = structure(0, 0, 0, 0, 2, 0);
      ignoring(CKR.CRYPTOKI_ALREADY_INITIALIZED, () =>
        demand("C_Initialize", functions.C_Initialize(options)),
      );
    },

    slots(): bigint[] {
      const count = structure(0);
      demand("C_GetSlotList", functions.C_GetSlotList(1, null, count));
      const slots = allocate(numberAt(count) * CK_ULONG);
      demand("C_GetSlotList", functions.C_GetSlotList(1, slots, count));
      return Array.from({ length: numberAt(count) }, (_, i) => ulongAt(slots, i * CK_ULONG));
    },

    tokenLabel(slot: bigint): string {
      const info = allocate(TOKEN_INFO);
      demand("C_GetTokenInfo", functions.C_GetTokenInfo(slot, info));
      return new TextDecoder().decode(info.subarray(0, 32)).trimEnd();
    },

    openSession(slot: bigint): bigint {
      const handle = structure(0);
      demand(
        "C_OpenSession",
        functions.C_OpenSession(slot, SERIAL_SESSION | READ_WRITE_SESSION, null, null, handle),
      );
      return ulongAt(handle, 0);
    },

    closeSession: (session: bigint): void => demand("C_CloseSession", functions.C_CloseSession(session)),

    login(session: bigint, pin: string): void {
      const bytes = copyOf(new TextEncoder().encode(pin));
      try {
        ignoring(CKR.USER_ALREADY_LOGGED_IN, () =>
          demand("C_Login", functions.C_Login(session, USER, bytes, BigInt(bytes.length))),
        );
      } finally {
        bytes.fill(0);
      }
    },

    /** At most `limit` handles of the objects that have all these attributes. */
    find(session: bigint, attributes: readonly Attribute[], limit: number): bigint[] {
      const found = allocate(limit * CK_ULONG);
      const count = structure(0);
      demand(
        "C_FindObjectsInit",
        functions.C_FindObjectsInit(session, template(attributes), BigInt(attributes.length)),
      );
      try {
        demand("C_FindObjects", functions.C_FindObjects(session, found, BigInt(limit), count));
      } finally {
        // A search left open would refuse every later one of this session.
        functions.C_FindObjectsFinal(session);
      }
      return Array.from({ length: numberAt(count) }, (_, i) => ulongAt(found, i * CK_ULONG));
    },

    flag(session: bigint, object: bigint, type: number): boolean {
      const value = allocate(1);
      demand(
        "C_GetAttributeValue",
        functions.C_GetAttributeValue(session, object, template([{ type, value }]), 1n),
      );
      return value[0] === 1;
    },

    generateKey(session: bigint, mechanism: number, attributes: readonly Attribute[]): void {
      const parameters = structure(mechanism, 0, 0);
      const count = BigInt(attributes.length);
      const handle = structure(0);
      demand(
        "C_GenerateKey",
        functions.C_GenerateKey(session, parameters, template(attributes), count, handle),
      );
    },

    encrypt: (session: bigint, key: bigint, mechanism: Uint8Array, data: Uint8Array) =>
      crypt("Encrypt", session, key, mechanism, data),

    decrypt: (session: bigint, key: bigint, mechanism: Uint8Array, data: Uint8Array) =>
      crypt("Decrypt", session, key, mechanism, data),
  };

  function crypt(
    operation: "Encrypt" | "Decrypt",
    session: bigint,
    key: bigint,
    mechanism: Uint8Array,
    data: Uint8Array,
  ): Uint8Array<ArrayBuffer> {
    const input = copyOf(data);
    const output = allocate(data.length + MAX_GROWTH);
    const length = structure(output.length);
    try {
      demand(`C_${operation}Init`, functions[`C_${operation}Init`](session, mechanism, key));
      demand(
        `C_${operation}`,
        functions[`C_${operation}`](session, input, BigInt(input.length), output, length),
      );
      return output.slice(0, numberAt(length));
    } finally {
      input.fill(0);
      output.fill(0);
    }
  }
}

function demand(name: FunctionName, answer: bigint): void {
  if (answer !== BigInt(CKR.OK)) throw new CryptokiError(name, Number(answer));
}

/** CK_TOKEN_INFO, of which the label is the first 32 bytes. */
const TOKEN_INFO = 256;
const SERIAL_SESSION = 4n;
const READ_WRITE_SESSION = 2n;
const USER = 1n;
/** The tag of an authenticated mode, and room to spare. */
const MAX_GROWTH = 64;

function ignoring(returned: number, work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof CryptokiError && error.returned === returned)) throw error;
  }
}

/** Memory that the garbage collector does not move: a small typed array made by length alone lives inside the heap. */
export function allocate(length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new ArrayBuffer(length));
}

export function copyOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const copy = allocate(bytes.length);
  copy.set(bytes);
  return copy;
}

/** What a structure points at lives as long as the structure: the garbage collector does not see addresses. */
const pointedAt = new WeakMap<Uint8Array, readonly unknown[]>();

/** Consecutive CK_ULONGs; a byte array stands for its address. */
export function structure(
  ...members: readonly (number | Uint8Array<ArrayBuffer>)[]
): Uint8Array<ArrayBuffer> {
  const bytes = allocate(members.length * CK_ULONG);
  const view = new DataView(bytes.buffer);
  members.forEach((member, i) => {
    view.setBigUint64(
      i * CK_ULONG,
      typeof member === "number" ? BigInt(member) : getRawPointer(member),
      true,
    );
  });
  pointedAt.set(bytes, members);
  return bytes;
}

function template(attributes: readonly Attribute[]): Uint8Array<ArrayBuffer> {
  return structure(...attributes.flatMap(({ type, value }) => [type, value, value.length]));
}

function ulongAt(bytes: Uint8Array<ArrayBuffer>, offset: number): bigint {
  return new DataView(bytes.buffer).getBigUint64(offset, true);
}

function numberAt(bytes: Uint8Array<ArrayBuffer>): number {
  return Number(ulongAt(bytes, 0));
}
