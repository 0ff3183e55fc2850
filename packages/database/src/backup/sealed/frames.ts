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
/** What pgBackRest takes too: the next levels cost more than they save. Node's own pieces of 16 KiB would cost twice the time. */
const COMPRESSION = { params: { [constants.ZSTD_c_compressionLevel]: 3 }, chunkSize: MAX_FRAME_BYTES };

export async function encodeBlock(block: Uint8Array): Promise<Buffer> {
  if (block.length > BLOCK_BYTES) throw new TypeError(`a block holds up to ${BLOCK_BYTES} bytes`);
  const frame = await compress(block, COMPRESSION);
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
  let pieces: Uint8Array[] = [];
  let length = 0;
  let wanted = HEADER_BYTES;
  for await (const piece of content) {
    pieces.push(piece);
    length += piece.length;
    if (length < wanted) continue;
    // Joined only when there is a whole frame, not at each piece.
    let rest: Buffer = Buffer.concat(pieces);
    for (wanted = sizeOfFirst(rest); rest.length >= wanted; wanted = sizeOfFirst(rest)) {
      yield frameIn(rest, wanted);
      rest = rest.subarray(wanted);
    }
    pieces = [rest];
    length = rest.length;
  }
  if (length > 0) throw new RangeError("the last frame is cut");
}

/** Bytes of the first frame with its header; of the header alone until that is there. */
function sizeOfFirst(bytes: Buffer): number {
  if (bytes.length < HEADER_BYTES) return HEADER_BYTES;
  const length = bytes.readUInt32BE(0);
  if (length === 0 || length > MAX_FRAME_BYTES || bytes.readUInt32BE(4) > BLOCK_BYTES)
    throw new RangeError("a frame is empty or too long");
  return HEADER_BYTES + length;
}

function frameIn(bytes: Buffer, size: number): Frame {
  return { bytes: bytes.subarray(HEADER_BYTES, size), blockBytes: bytes.readUInt32BE(4) };
}

/** Rejects for a frame that does not hold exactly what it says. */
export async function decodeBlock({ bytes, blockBytes }: Frame): Promise<Buffer> {
  // One byte of room more: whoever holds more than it says is refused, not cut.
  const chunkSize = Math.max(blockBytes + 1, 64);
  const block = await decompress(bytes, { maxOutputLength: Math.max(blockBytes, 1), chunkSize });
  if (block.length !== blockBytes) throw new RangeError("a block is shorter than it says");
  return block;
}
