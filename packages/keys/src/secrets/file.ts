import { constants, watch } from "node:fs";
import { open, realpath } from "node:fs/promises";
import { join, sep } from "node:path";
import { fromUtf8 } from "@rempart/kernel";
import { Secret } from "@rempart/runtime";
import { KeysError } from "../errors.ts";
import type { SecretProvider } from "./ports.ts";

/** The largest secret Kubernetes stores is 1 MiB for all keys together; AWS takes 64 KiB. */
const MAX_BYTES = 65_536;
const NAME = /^(?!\.)[\w.-]+(?:\/(?!\.)[\w.-]+)*$/;

/** Events of one change come in a burst: the swap of a Kubernetes mount touches several names. */
const SETTLE_MS = 50;

/**
 * Secrets mounted as files, as Docker (`/run/secrets`) and Kubernetes do: the name is the path below `directory`. One line feed at the
 * end is not part of the value. A Kubernetes volume replaces all its files by one rename of the link `..data`, so a value is
 * always a whole one; a file that is rewritten in place may be read half written.
 */
export function fileSecrets(directory: string): SecretProvider {
  return {
    name: "file",
    read: async (name) => {
      if (!NAME.test(name)) throw new KeysError("secret-missing", `${name} cannot be a secret's file name`);
      return secretOf(name, await readMounted(directory, name));
    },
    watch: (changed) => watchDirectory(directory, changed),
  };
}

async function readMounted(directory: string, name: string): Promise<Uint8Array> {
  try {
    return await readInside(directory, name);
  } catch (error) {
    // The old directory goes right after the rename: whoever was on the way through the old link finds nothing there.
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw failureOf(name, error);
  }
  return readInside(directory, name).catch((error: unknown) => Promise.reject(failureOf(name, error)));
}

async function readInside(directory: string, name: string): Promise<Uint8Array> {
  const [root, path] = await Promise.all([realpath(directory), realpath(join(directory, name))]);
  if (!path.startsWith(root + sep))
    throw new KeysError("secret-denied", `secret ${name} lies outside its directory`);
  // Opening a named pipe without this waits for its writer, and holds one of Node's few threads meanwhile.
  await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const found = await file.stat();
  if (!found.isFile()) throw new KeysError("secret-missing", `secret ${name} is not a file`);
  const buffer = new Uint8Array(Math.min(found.size, MAX_BYTES) + 1);
  const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
  if (bytesRead > MAX_BYTES)
    throw new KeysError("secret-malformed", `secret ${name} is larger than ${MAX_BYTES} bytes`);
  return buffer.subarray(0, bytesRead);
}

function secretOf(name: string, bytes: Uint8Array): Secret {
  const text = fromUtf8(bytes);
  if (text === null) throw new KeysError("secret-malformed", `secret ${name} is not UTF-8 text`);
  return new Secret(text.replace(/\r?\n$/, ""));
}

const CODES: Readonly<Record<string, "secret-missing" | "secret-denied">> = {
  ENOENT: "secret-missing",
  ENOTDIR: "secret-missing",
  EISDIR: "secret-missing",
  EACCES: "secret-denied",
  EPERM: "secret-denied",
  ELOOP: "secret-denied",
};

function failureOf(name: string, error: unknown): unknown {
  if (error instanceof KeysError) return error;
  const code = CODES[(error as NodeJS.ErrnoException).code ?? ""] ?? "secret-unavailable";
  return new KeysError(code, `secret ${name} cannot be read from its file`, { cause: error });
}

/** A directory that cannot be watched is not an error: its values are still asked for again when they go stale. */
function watchDirectory(directory: string, changed: () => void): Disposable {
  let settling: NodeJS.Timeout | undefined;
  const settle = (): void => {
    settling ??= setTimeout(() => {
      settling = undefined;
      changed();
    }, SETTLE_MS).unref();
  };
  try {
    const watcher = watch(directory, { persistent: false }, settle).on("error", () => watcher.close());
    const close = (): void => {
      clearTimeout(settling);
      watcher.close();
    };
    return { [Symbol.dispose]: close };
  } catch {
    return { [Symbol.dispose]: () => {} };
  }
}
