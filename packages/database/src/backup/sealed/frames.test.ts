import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BLOCK_BYTES, decodeBlock, encodeBlock, readFrames } from "./frames.ts";
import { eachOf, inOrder } from "./in-order.ts";

async function* pieces(content: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < content.length; at += size) yield content.subarray(at, at + size);
}

async function blocksIn(content: Buffer, size: number): Promise<Buffer[]> {
  const blocks: Buffer[] = [];
  for await (const frame of readFrames(pieces(content, size))) blocks.push(await decodeBlock(frame));
  return blocks;
}

test("blocks come back whole and in order, however their bytes are cut", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 8 }),
      fc.integer({ min: 1, max: 400 }),
      async (blocks, size) => {
        const content = Buffer.concat(await Promise.all(blocks.map(encodeBlock)));
        assert.deepEqual(await blocksIn(content, size), blocks.map(Buffer.from));
      },
    ),
  );
  const full = Buffer.alloc(BLOCK_BYTES, "abc");
  assert.deepEqual(await blocksIn(await encodeBlock(full), 65_536), [full]);
});

test("frames that are cut, too long or say another length are refused", async () => {
  const frame = await encodeBlock(Buffer.alloc(10_000, "x"));
  await assert.rejects(blocksIn(frame.subarray(0, -1), 64), RangeError);
  const longer = Buffer.from(frame);
  longer.writeUInt32BE(10_001, 4);
  await assert.rejects(blocksIn(longer, 64), RangeError);
  const shorter = Buffer.from(frame);
  shorter.writeUInt32BE(9_999, 4);
  await assert.rejects(blocksIn(shorter, 64));
  const huge = Buffer.from(frame);
  huge.writeUInt32BE(0xffff_ffff, 0);
  await assert.rejects(blocksIn(huge, 64), RangeError);
});

test("work side by side keeps the order, its width, and the first failure", async () => {
  async function* numbers(): AsyncGenerator<number> {
    for (let n = 0; n < 50; n += 1) yield n;
  }
  let now = 0;
  let most = 0;
  const work = async (n: number): Promise<number> => {
    now += 1;
    most = Math.max(most, now);
    await new Promise((resolve) => setTimeout(resolve, (n * 7) % 5));
    now -= 1;
    return n;
  };
  assert.deepEqual(
    await Array.fromAsync(inOrder(numbers(), 4, work)),
    Array.from({ length: 50 }, (_, n) => n),
  );
  assert.ok(most <= 4 && most > 1);
  const seen: number[] = [];
  const failing = eachOf(numbers(), 4, async (n) => {
    seen.push(n);
    if (n === 10) throw new Error("ten");
  });
  await assert.rejects(failing, /ten/);
  assert.ok(Math.max(...seen) < 20);
});
