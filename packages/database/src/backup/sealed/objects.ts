/**
 * Every object is sealed for the name it stands under: moved, copied over another or brought from another repository, it does
 * not open.
 */
import { CodedError, explain, readAtMost } from "@rempart/kernel";
import { BackupError } from "../errors.ts";
import type { PutOptions, Repository, Sealing } from "../ports.ts";

export interface Vault {
  readonly repository: Repository;
  readonly sealing: Sealing;
}

const whereOf = (name: string) => ({ table: "rempart-backup", column: "object", row: name });

/** Resolves with the bytes that were stored. */
export async function putSealed(
  { repository, sealing }: Vault,
  name: string,
  content: AsyncIterable<Uint8Array>,
  options?: PutOptions,
): Promise<number> {
  let stored = 0;
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const piece of sealing.sealStream(content, whereOf(name))) {
      stored += piece.length;
      yield piece;
    }
  }
  await unsealing(name, () => repository.put(name, counted(), options));
  return stored;
}

/** Gives only what is authentic. Throws `object-missing`, `object-altered`, `wrong-key` or `key-unavailable`. */
export async function* openSealed(
  { repository, sealing }: Vault,
  name: string,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, void, void> {
  const stored = await repository.get(name, signal === undefined ? {} : { signal });
  const opened = sealing.openStream(stored, whereOf(name))[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { done, value } = await unsealing(name, () => opened.next());
      if (done) return;
      yield value;
    }
  } finally {
    await opened.return?.();
  }
}

/** The whole object. Throws `object-altered` when it is longer than it may be. */
export async function readSealed(vault: Vault, name: string, maxBytes: number): Promise<Buffer> {
  const whole = await readAtMost(openSealed(vault, name), maxBytes);
  if (whole === null) throw altered(name, "it is longer than such an object can be");
  return Buffer.from(whole.buffer);
}

export async function* once(content: Uint8Array): AsyncGenerator<Uint8Array, void, void> {
  yield content;
}

export function altered(name: string, detail: string, cause?: unknown): BackupError {
  const message = `${name} is not what was written: ${detail}`;
  return new BackupError("object-altered", message, { cause, details: { object: name } });
}

async function unsealing<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toBackupError(name, error);
  }
}

/** The codes of `@rempart/keys`, in the words of a backup. */
function toBackupError(name: string, error: unknown): unknown {
  if (error instanceof BackupError || !(error instanceof CodedError)) return error;
  const options = { cause: error, details: { object: name } };
  switch (error.code) {
    case "envelope-malformed":
    case "envelope-refused":
    case "too-large":
      return altered(name, explain(error), error);
    case "provider-refused":
    case "provider-denied":
    case "key-version-refused":
      return new BackupError("wrong-key", `${name} does not open with this key`, options);
    case "provider-unavailable":
    case "provider-throttled":
    case "provider-garbled":
    case "key-unavailable":
    case "key-file-unsafe":
    case "key-file-damaged":
    case "key-file-busy":
      return new BackupError("key-unavailable", "the key of the backups is not to be had", options);
    default:
      return error;
  }
}
