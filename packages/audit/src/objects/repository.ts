import type { PutOptions, Repository } from "@rempart/database/backup";
import { concat, hasCode } from "@rempart/kernel";
import { cacheControlOf } from "../log/serve.ts";
import type { ObjectStore } from "../ports.ts";

/** No file of a log is larger: a full bundle of the largest entries. */
const MAX_BYTES = 256 * 65_537;

/**
 * Objects in a repository of `@rempart/database`: of S3, among others. They carry the cache headers of the log, for who is sent
 * to the bucket itself. What the repository answers is believed as little as any published file is.
 */
export function repositoryStore(repository: Repository): ObjectStore {
  const put = (path: string, content: Uint8Array, options?: PutOptions): Promise<void> =>
    repository.put(path, once(content), { ...options, cacheControl: cacheControlOf(path) });
  return {
    put,
    async replace(path, content, expected) {
      try {
        await put(path, content, expected === null ? { ifAbsent: true } : { ifSame: expected });
        return true;
      } catch (error) {
        if (hasCode(error, "object-exists")) return false;
        if (expected !== null && hasCode(error, "object-missing")) return false;
        throw error;
      }
    },
    get: (path) => read(repository, path),
    async removeBelow(folder) {
      const names = await Array.fromAsync(repository.list(`${folder}/`), ({ name }) => name);
      for (const name of names) await repository.delete(name);
    },
  };
}

async function read(repository: Repository, path: string): Promise<Uint8Array | null> {
  try {
    const pieces: Uint8Array[] = [];
    for await (const piece of await repository.get(path, { to: MAX_BYTES })) pieces.push(piece);
    return concat(...pieces);
  } catch (error) {
    if (hasCode(error, "object-missing")) return null;
    throw error;
  }
}

async function* once(content: Uint8Array): AsyncGenerator<Uint8Array> {
  yield content;
}
