import { promisify } from "node:util";
import { zstdDecompress } from "node:zlib";
import { BackupError } from "../errors.ts";
import { type Chain, followChain } from "../wal/chain.ts";
import { type Branch, parseHistory } from "../wal/history.ts";
import { parseLsn } from "../wal/lsn.ts";
import { parseSegment, segmentName, segmentNumberOf, walFileKind } from "../wal/names.ts";
import { STANZA } from "./configuration.ts";
import {
  type ArchiveListing,
  type PgBackRestBackup,
  type PgBackRestInfo,
  parseArchiveListing,
  parseInfo,
} from "./info.ts";

const decompress = promisify(zstdDecompress);

/** Answers a command of pgBackRest on this repository. Throws `BackupError`. */
export type Ask = (command: readonly string[], signal?: AbortSignal) => Promise<Buffer>;

export async function readInfo(ask: Ask): Promise<PgBackRestInfo> {
  return parseInfo((await ask(["info", "--output=json"])).toString());
}

export interface ArchivedLog {
  /** Where it stands in the repository. */
  readonly folder: string;
  readonly listing: ArchiveListing;
  readonly segmentBytes: number;
  readonly chain: Chain;
}

/** What recovery from this backup to `latest` reads, as the repository shows it: the server is not asked. */
export async function readLog(
  ask: Ask,
  { archive }: PgBackRestInfo,
  backup: PgBackRestBackup,
): Promise<ArchivedLog> {
  const folder = `archive/${STANZA}/${archive}`;
  const listing = parseArchiveListing(
    (await ask(["repo-ls", folder, "--recurse", "--output=json"])).toString(),
  );
  const segmentBytes = segmentSizeOf(backup);
  const names = [...listing.files.keys()];
  const histories = new Map<number, readonly Branch[]>();
  for (const name of names.filter((one) => walFileKind(one) === "history"))
    histories.set(Number.parseInt(name, 16), await readHistory(ask, `${folder}/${listing.files.get(name)}`));
  const chain = followChain({
    start: {
      timeline: Number.parseInt(backup.startSegment.slice(0, 8), 16),
      lsn: parseLsn(backup.startLsn) ?? 0n,
    },
    available: new Set(names.filter((one) => walFileKind(one) === "segment")),
    histories,
    segmentBytes,
  });
  return { folder, listing, segmentBytes, chain };
}

async function readHistory(ask: Ask, path: string): Promise<readonly Branch[]> {
  const branches = parseHistory((await ask(["repo-get", path])).toString());
  if (branches !== null) return branches;
  throw new BackupError("object-altered", `${path} is no history of a timeline`);
}

const USUAL_SEGMENT = 16 * 2 ** 20;
/** `initdb --wal-segsize` allows the powers of two from 1 MiB to 1 GiB. */
const SEGMENT_SIZES = [USUAL_SEGMENT, ...Array.from({ length: 11 }, (_, power) => 2 ** (20 + power))];

/** pgBackRest does not tell the size of segments: it is the one by which the backup's first position lies in its first segment. */
export function segmentSizeOf({
  startLsn,
  startSegment,
}: Pick<PgBackRestBackup, "startLsn" | "startSegment">): number {
  const timeline = Number.parseInt(startSegment.slice(0, 8), 16);
  const lsn = parseLsn(startLsn) ?? 0n;
  const size = SEGMENT_SIZES.find((bytes) => {
    const number = segmentNumberOf(lsn, bytes);
    return (
      parseSegment(startSegment, bytes)?.number === number &&
      segmentName({ timeline, number }, bytes) === startSegment
    );
  });
  if (size !== undefined) return size;
  throw new BackupError(
    "object-altered",
    `${startSegment} does not hold ${startLsn}, where the backup began`,
  );
}

/** The content of a segment. */
export async function readSegment(
  ask: Ask,
  { folder, listing, segmentBytes }: ArchivedLog,
  name: string,
): Promise<Buffer> {
  const path = listing.files.get(name) ?? "";
  const stored = await ask(["repo-get", `${folder}/${path}`]);
  if (!path.endsWith(".zst")) return stored;
  try {
    return await decompress(stored, { maxOutputLength: segmentBytes });
  } catch (cause) {
    throw new BackupError("object-altered", `${name} cannot be unpacked`, {
      cause,
      details: { object: name },
    });
  }
}
