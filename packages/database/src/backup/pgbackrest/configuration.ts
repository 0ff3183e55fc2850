import type { Secret } from "@rempart/runtime";

export interface PgBackRestConfiguration {
  /** The directory of the repository. */
  readonly repository: string;
  /** For locks; entered by the account that backs up alone. */
  readonly workDirectory: string;
  /** Of the server that is backed up; null on a machine that only looks and restores. */
  readonly dataDirectory: string | null;
  /** At least 16 printable characters without a space. */
  readonly passphrase: Secret;
  /** That copy at the same time. */
  readonly processes: number;
  /** Full backups that stay, with all that depends on them. */
  readonly fullBackups: number;
}

export const STANZA = "rempart";

/**
 * What stands in `pgbackrest.conf`: the same each time. `archive-push-queue-max` is never among it: it tells PostgreSQL that a
 * segment is safe, and drops it.
 */
export function configurationText(options: PgBackRestConfiguration): string {
  const { repository, workDirectory, dataDirectory, passphrase, processes, fullBackups } = options;
  const all = [
    "[global]",
    `repo1-path=${pathValue(repository)}`,
    "repo1-cipher-type=aes-256-cbc",
    `repo1-cipher-pass=${passphraseValue(passphrase)}`,
    `repo1-retention-full=${countValue(fullBackups)}`,
    "compress-type=zst",
    "compress-level=3",
    `process-max=${countValue(processes)}`,
    `lock-path=${pathValue(workDirectory)}/lock`,
    "log-level-file=off",
    "log-level-console=off",
    "log-level-stderr=error",
    "start-fast=y",
    `[${STANZA}]`,
    ...(dataDirectory === null ? [] : [`pg1-path=${pathValue(dataDirectory)}`]),
  ];
  return `${all.join("\n")}\n`;
}

/** A line break would begin a setting of its own. */
function pathValue(path: string): string {
  if (!/^\/[^\p{Cc}]*[^\p{Cc}\s/]$/u.test(path))
    throw new TypeError("not an absolute path that a setting can hold");
  return path;
}

function passphraseValue(passphrase: Secret): string {
  const text = passphrase.reveal();
  if (!/^[\x21-\x7e]{16,1024}$/.test(text))
    throw new TypeError("the passphrase needs 16 to 1,024 printable characters without a space");
  return text;
}

function countValue(count: number): string {
  if (!Number.isSafeInteger(count) || count < 1 || count > 999)
    throw new TypeError(`${count} is not 1 to 999`);
  return String(count);
}
