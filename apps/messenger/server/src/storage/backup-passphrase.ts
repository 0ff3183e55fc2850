import { readFile } from "node:fs/promises";
import { BackupError } from "@rempart/database/backup";
import { Secret } from "@rempart/runtime";
import type { MessengerConfig } from "../config.ts";

/** The first line of the file. */
export async function readPassphrase({ backup: { passphraseFile } }: MessengerConfig): Promise<Secret> {
  if (passphraseFile === null)
    throw new BackupError("key-unavailable", "set ENCRYPTION_KEY to the file that holds the passphrase");
  try {
    const [line = ""] = (await readFile(passphraseFile, "utf8")).split("\n");
    return new Secret(line.trim());
  } catch (cause) {
    throw new BackupError("key-unavailable", `the passphrase in ${passphraseFile} cannot be read`, { cause });
  }
}
