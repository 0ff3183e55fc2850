/**
 * A pack within its seal: blocks of up to 1 MiB of the tape, each compressed by itself with zstd, so that all threads work.
 *
 *     length of the frame (4) length of the block (4) frame, and so on
 */
import { promisify } from "node:util";
import { constants, zstdCompress, zstdDecompress } from "node:zlib";

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

export const BLOCK_BYTES = 1_048_576;
const HEADER_BYTES = 8;
/** `ZSTD_COMPRESSBOUND` adds one byte in 256, and less than a page. */
const MAX_FRAME_BYTES = BLOCK_BYTES + BLOCK_BYTES / 256 + 4_096;
/** What pgBackRest takes too: the next levels cost more than they save. */
const LEVEL = { params: { [constants.ZSTD_c_compressionLevel]: 3 } };

export async function encodeBlock(block: Uint8Array): Promise<Buffer> {
  if (block.length > BLOCK_BYTES) throw new TypeError(`a block holds up to ${BLOCK_BYTES} bytes`);
  const frame = await compress(block, LEVEL);
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32BE(frame.length, 0);
  header.writeUInt32BE(block.length, 4);
  return Buffer.concat([header, frame]);
}

export interface Frame {
  readonly bytes: Buffer;
  readonly blockBytes: number;
}

/** Cuts what was opened into frames. Throws `RangeError` for what `encodeBlock` does not write. */
export async function* readFrames(content: AsyncIterable<Uint8Array>): AsyncGenerator<Frame, void, void> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const piece of content) {
    rest =
      rest.length === 0
        ? Buffer.from(piece.buffer, piece.byteOffset, piece.length)
        : Buffer.concat([rest, piece]);
    for (let frame = firstFrame(rest); frame !== null; frame = firstFrame(rest)) {
      yield frame;
      rest = rest.subarray(HEADER_BYTES + frame.bytes.length);
    }
  }
  if (rest.length > 0) throw new RangeError("the last frame is cut");
}

/** Null until all of it is there. */
function firstFrame(bytes: Buffer): Frame | null {
  if (bytes.length < HEADER_BYTES) return null;
  const length = bytes.readUInt32BE(0);
  const blockBytes = bytes.readUInt32BE(4);
  if (length > MAX_FRAME_BYTES || blockBytes > BLOCK_BYTES) throw new RangeError("a frame is too long");
  if (bytes.length < HEADER_BYTES + length) return null;
  return { bytes: bytes.subarray(HEADER_BYTES, HEADER_BYTES + length), blockBytes };
}

/** Rejects for a frame that does not hold exactly what it says. */
export async function decodeBlock({ bytes, blockBytes }: Frame): Promise<Buffer> {
  const block = await decompress(bytes, { maxOutputLength: Math.max(blockBytes, 1) });
  if (block.length !== blockBytes) throw new RangeError("a block is shorter than it says");
  return block;
}
