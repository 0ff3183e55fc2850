import { packName } from "../layout.ts";
import type { BackedUpFile, Pack } from "../manifest.ts";
import { encodeBlock } from "../sealed/frames.ts";
import { inOrder } from "../sealed/in-order.ts";
import { putSealed, type Vault } from "../sealed/objects.ts";
import type { PageChecks } from "./page-checks.ts";
import { readTape } from "./tape.ts";

/** 32 MiB of the tape make a pack: what a failed upload repeats, and what a restore works on side by side. */
const BLOCKS_PER_PACK = 32;
/** Threads of Node's pool compress; a few blocks wait for each. */
const BLOCKS_UNDER_WAY = 8;
/** One is sent and made durable while the next is filled. */
const PACKS_UNDER_WAY = 2;

export interface TapeToWrite {
  readonly id: string;
  readonly root: string;
  readonly paths: readonly string[];
  readonly checks?: PageChecks | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Of the tape, so far. */
  readonly onBytes: (bytes: number) => void;
}

export interface WrittenTape {
  readonly files: readonly BackedUpFile[];
  readonly packs: readonly Pack[];
}

/** Reads, compresses, seals and stores the files. */
export async function writePacks(vault: Vault, tape: TapeToWrite): Promise<WrittenTape> {
  const files: BackedUpFile[] = [];
  const blocks = readTape({ ...tape, onFile: (file) => files.push(file) });
  const frames = inOrder(blocks, BLOCKS_UNDER_WAY, async (block) => ({
    frame: await encodeBlock(block),
    bytes: block.length,
  }));
  const packs: Pack[] = [];
  const stored = inOrder(numbered(inPacks(frames)), PACKS_UNDER_WAY, async ({ item, index }) => {
    const storedBytes = await putSealed(vault, packName(tape.id, index), each(item.frames), {
      ifAbsent: true,
      ...(tape.signal === undefined ? {} : { signal: tape.signal }),
    });
    return { bytes: item.bytes, storedBytes };
  });
  let done = 0;
  for await (const pack of stored) {
    packs.push(pack);
    done += pack.bytes;
    tape.onBytes(done);
  }
  return { files, packs };
}

interface PackContent {
  readonly frames: readonly Buffer[];
  readonly bytes: number;
}

async function* inPacks(
  blocks: AsyncIterable<{ readonly frame: Buffer; readonly bytes: number }>,
): AsyncGenerator<PackContent, void, void> {
  let frames: Buffer[] = [];
  let bytes = 0;
  for await (const block of blocks) {
    frames.push(block.frame);
    bytes += block.bytes;
    if (frames.length < BLOCKS_PER_PACK) continue;
    yield { frames, bytes };
    frames = [];
    bytes = 0;
  }
  if (frames.length > 0) yield { frames, bytes };
}

async function* numbered<Item>(
  items: AsyncIterable<Item>,
): AsyncGenerator<{ readonly item: Item; readonly index: number }, void, void> {
  let index = 0;
  for await (const item of items) {
    yield { item, index };
    index += 1;
  }
}

async function* each(pieces: readonly Buffer[]): AsyncGenerator<Uint8Array, void, void> {
  yield* pieces;
}
