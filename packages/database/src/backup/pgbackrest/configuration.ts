import type { Secret } from "@rempart/runtime";

/** A bucket that keeps the repository. It is reached over TLS, and its certificate is checked: pgBackRest knows nothing else. */
export interface PgBackRestBucket {
  readonly bucket: string;
  readonly region: string;
  /** Below which everything stands, as in `production/pgbackrest`. */
  readonly prefix: string;
  /** Of a store that is not AWS's: `https`, without a path. */
  readonly endpoint?: URL;
  /** The bucket stands in the path, not in the host's name: stores that are not AWS's mostly need it. */
  readonly pathStyle?: boolean;
  /** File with the authorities that the store's certificate may be of; the system's unless told. */
  readonly authorities?: string;
  /** Milliseconds until a store that gives no answer is given up; a minute unless told. */
  readonly patienceMs?: number;
  /** Null: those of the role that AWS gives to the machine. */
  readonly credentials: S3Credentials | null;
}

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: Secret;
  readonly sessionToken?: Secret;
}

export interface PgBackRestConfiguration {
  /** Its directory, or its bucket. */
  readonly repository: string | PgBackRestBucket;
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
    ...(typeof repository === "string" ? [`repo1-path=${pathValue(repository)}`] : bucketLines(repository)),
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

/** The server's `archive_command` reads them too, so the credentials cannot stay in our environment. */
function bucketLines(bucket: PgBackRestBucket): readonly string[] {
  const { endpoint, pathStyle = false, authorities, patienceMs = 60_000 } = bucket;
  const region = plainValue(bucket.region);
  if (endpoint !== undefined && (endpoint.protocol !== "https:" || endpoint.pathname !== "/"))
    throw new TypeError("pgBackRest reaches a store over https alone, without a path");
  return [
    "repo1-type=s3",
    `repo1-path=${pathValue(`/${bucket.prefix}`)}`,
    `repo1-s3-bucket=${plainValue(bucket.bucket)}`,
    `repo1-s3-region=${region}`,
    `repo1-s3-endpoint=${endpoint?.hostname ?? `s3.${region}.amazonaws.com`}`,
    `repo1-s3-uri-style=${pathStyle ? "path" : "host"}`,
    "repo1-storage-verify-tls=y",
    `io-timeout=${countValue(Math.ceil(patienceMs / 1_000))}`,
    ...(endpoint === undefined || endpoint.port === "" ? [] : [`repo1-storage-port=${endpoint.port}`]),
    ...(authorities === undefined ? [] : [`repo1-storage-ca-file=${pathValue(authorities)}`]),
    ...credentialLines(bucket.credentials),
  ];
}

function credentialLines(credentials: S3Credentials | null): readonly string[] {
  if (credentials === null) return ["repo1-s3-key-type=auto"];
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  return [
    "repo1-s3-key-type=shared",
    `repo1-s3-key=${plainValue(accessKeyId)}`,
    `repo1-s3-key-secret=${plainValue(secretAccessKey.reveal())}`,
    ...(sessionToken === undefined ? [] : [`repo1-s3-token=${plainValue(sessionToken.reveal())}`]),
  ];
}

/** Never says the text: it may be a credential. */
function plainValue(text: string): string {
  if (!/^[\x21-\x7e]{1,4096}$/.test(text)) throw new TypeError("not a value that a setting can hold");
  return text;
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
