import assert from "node:assert/strict";
import { test } from "node:test";
import encodeQR from "qr";
import decodeQR from "qr/decode.js";
import { qrPath } from "./qr-path.ts";

/** Paints the path, as a browser would, one pixel a module. */
function paint(path: string, size: number): boolean[][] {
  const grid = Array.from({ length: size }, () => Array<boolean>(size).fill(false));
  for (const [, x, y, width] of path.matchAll(/M(\d+) (\d+)h(\d+)v1h-\3z/g)) {
    grid[Number(y)]?.fill(true, Number(x), Number(x) + Number(width));
  }
  return grid;
}

test("the path covers exactly the dark modules", () => {
  const modules = encodeQR("rempart:0123456789", "raw", { ecc: "medium", border: 4 });
  assert.deepEqual(paint(qrPath(modules), modules.length), modules);
});

test("a scanner reads the painted path back", () => {
  const text = `rempart:${"0123456789".repeat(6)}`;
  const modules = encodeQR(text, "raw", { ecc: "medium", border: 4 });
  assert.equal(decodeQR(bitmap(paint(qrPath(modules), modules.length), 6)), text);
});

function bitmap(grid: readonly (readonly boolean[])[], scale: number) {
  const size = grid.length * scale;
  const data = new Uint8Array(size * size * 4);
  for (let i = 0; i < size * size; i += 1) {
    const dark = grid[Math.floor(i / size / scale)]?.[Math.floor((i % size) / scale)];
    data.fill(dark ? 0 : 255, i * 4, i * 4 + 3);
    data[i * 4 + 3] = 255;
  }
  return { width: size, height: size, data };
}
