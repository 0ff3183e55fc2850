import { open, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { explain } from "@rempart/kernel";
import { Secret } from "@rempart/runtime";
import { KeysError } from "../../errors.ts";
import type { CredentialStore } from "./rotation.ts";

/**
 * The address of the database in a file of mode 0600, replaced as a whole and on disk before a rotation goes on. Processes
 * watch it with `fileSecrets`.
 */
export function credentialFile(path: string): CredentialStore {
  return {
    async read() {
      try {
        return new Secret((await readFile(path, "utf8")).trim());
      } catch (cause) {
        throw new KeysError("secret-missing", `${path} cannot be read: ${explain(cause)}`, { cause });
      }
    },
    async write(url) {
      const draft = `${path}.${process.pid}.new`;
      try {
        await writeWhole(draft, `${url.reveal()}\n`);
        await rename(draft, path);
      } finally {
        await rm(draft, { force: true });
      }
      await using directory = await open(dirname(path), "r");
      await directory.sync();
    },
  };
}

async function writeWhole(path: string, text: string): Promise<void> {
  // A draft of before a crash may have another owner's mode.
  await rm(path, { force: true });
  await using file = await open(path, "wx", 0o600);
  await file.writeFile(text);
  await file.sync();
}
