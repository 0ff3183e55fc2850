/**
 * A file of the log as it stands in the repository, within its seal: a line of JSON about it, then its content in one zstd frame.
 */
import { promisify } from "node:util";
import { constants, zstdCompress, zstdDecompress } from "node:zlib";
import { BackupError } from "../errors.ts";
import { walObject } from "../layout.ts";
import { altered, once, openSealed, putSealed, readSealed, type Vault } from "../sealed/objects.ts";

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

export interface WalAbout {
  readonly format: 1;
  readonly name: string;
  readonly bytes: number;
  /**
   * Unix milliseconds of the last writing to the file, by the server's clock. Whatever was committed before stands in it or in
   * a file before it, since the log is written in order.
   */
  readonly writtenAt: number;
}

export interface WalFile {
  readonly about: WalAbout;
  readonly content: Buffer;
}

/** The largest segment there is (`initdb --wal-segsize`). */
const MAX_WAL_BYTES = 2 ** 30;
const MAX_ABOUT_BYTES = 1_024;
/** Node's own pieces of 16 KiB would cost twice the time. */
const CHUNK = { chunkSize: 2 ** 20 };
const COMPRESSION = { params: { [constants.ZSTD_c_compressionLevel]: 3 }, ...CHUNK };

export interface NewWalFile {
  readonly name: string;
  readonly content: Buffer;
  readonly writtenAt: number;
}

/**
 * Stores a file of the log, or finds it stored already: PostgreSQL hands a file over again when it did not learn that it was
 * taken. Resolves with the bytes stored now. Throws `wal-conflict` for other content under the name.
 */
export async function storeWalFile(
  vault: Vault,
  systemIdentifier: string,
  file: NewWalFile,
): Promise<number> {
  const { name, content, writtenAt } = file;
  const about: WalAbout = { format: 1, name, bytes: content.length, writtenAt };
  const sealed = Buffer.concat([
    Buffer.from(`${JSON.stringify(about)}\n`),
    await compress(content, COMPRESSION),
  ]);
  try {
    return await putSealed(vault, walObject(systemIdentifier, name), once(sealed), { ifAbsent: true });
  } catch (error) {
    if (!(error instanceof BackupError && error.code === "object-exists")) throw error;
    await assertSame(vault, systemIdentifier, file);
    return 0;
  }
}

async function assertSame(vault: Vault, systemIdentifier: string, file: NewWalFile): Promise<void> {
  const kept = await readWalFile(vault, systemIdentifier, file.name);
  if (kept.content.equals(file.content)) return;
  throw new BackupError(
    "wal-conflict",
    `${file.name} is in the repository with other content: another server, or a copy of this one, archives to the same place`,
    { details: { segment: file.name } },
  );
}

export async function readWalFile(vault: Vault, systemIdentifier: string, name: string): Promise<WalFile> {
  const object = walObject(systemIdentifier, name);
  const sealed = await readSealed(vault, object, MAX_WAL_BYTES + MAX_ABOUT_BYTES);
  const about = aboutIn(sealed, name);
  if (about === null) throw altered(object, "it does not say what it is");
  const content = await decompress(sealed.subarray(sealed.indexOf("\n") + 1), {
    maxOutputLength: Math.max(about.bytes, 1),
    ...CHUNK,
  }).catch((cause) => {
    throw altered(object, "it does not decompress", cause);
  });
  if (content.length !== about.bytes) throw altered(object, "it is shorter than it says");
  return { about, content };
}

/** Reads no more than its beginning. */
export async function readWalAbout(vault: Vault, systemIdentifier: string, name: string): Promise<WalAbout> {
  const object = walObject(systemIdentifier, name);
  for await (const piece of openSealed(vault, object)) {
    const about = aboutIn(Buffer.from(piece), name);
    if (about !== null) return about;
    break;
  }
  throw altered(object, "it does not say what it is");
}

/** The line fits the first piece of a stream. */
function aboutIn(bytes: Buffer, name: string): WalAbout | null {
  const end = bytes.subarray(0, MAX_ABOUT_BYTES).indexOf("\n");
  if (end < 0) return null;
  try {
    const about = JSON.parse(bytes.toString("utf8", 0, end)) as Partial<WalAbout>;
    const sound =
      about.format === 1 && about.name === name && isBytes(about.bytes) && Number.isFinite(about.writtenAt);
    return sound ? (about as WalAbout) : null;
  } catch {
    return null;
  }
}

function isBytes(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MAX_WAL_BYTES;
}
