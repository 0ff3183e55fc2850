/** The log that the vectors tell of: entry n is the text "entry n". */
import { hash as digest } from "node:crypto";
import { utf8 } from "@rempart/kernel";
import { append, type Edge, EMPTY_EDGE, rootOf } from "../src/tree/edge.ts";
import type { LeafRange } from "../src/tree/subtrees.ts";
import { rangeHashes, type TileId, tilePath } from "../src/tree/tiles.ts";
import { treeHashing } from "./log.ts";

export interface Vectors {
  readonly origin: string;
  readonly key: string;
  readonly heads: readonly { readonly size: number; readonly root: string; readonly note: string }[];
  readonly inclusion: readonly {
    readonly index: number;
    readonly size: number;
    readonly proof: readonly string[];
  }[];
  readonly consistency: readonly {
    readonly oldSize: number;
    readonly size: number;
    readonly proof: readonly string[];
  }[];
  readonly tiles: readonly {
    readonly level: number;
    readonly index: number;
    readonly width: number;
    readonly sha256: string;
  }[];
}

export const SIZES = [1, 2, 3, 7, 8, 255, 256, 257, 600, 66_000];

export function leafOf(index: number): Uint8Array {
  return treeHashing.leaf(utf8(`entry ${index}`));
}

function edgeOf(size: number): { edge: Edge; tiles: Map<string, Uint8Array> } {
  const leaves = Array.from({ length: size }, (_, index) => leafOf(index));
  const grown = append(treeHashing, EMPTY_EDGE, leaves);
  return { edge: grown.edge, tiles: new Map(grown.tiles.map((tile) => [tilePath(tile), tile.hashes])) };
}

const largest = edgeOf(SIZES.at(-1) as number);

export function rootAt(size: number): Uint8Array {
  return rootOf(treeHashing, edgeOf(size).edge);
}

/** A tile of any width, out of the largest log's. */
export function tileAt({ level, index, width }: TileId): Uint8Array {
  const whole = [...largest.tiles].find(([path]) => path.startsWith(tilePath({ level, index, width: 256 })));
  return (whole?.[1] ?? new Uint8Array(0)).subarray(0, width * 32);
}

export function hashesOf(ranges: readonly LeafRange[], size: number): Promise<Uint8Array[]> {
  return rangeHashes(treeHashing, async (tile) => tileAt(tile), ranges, size);
}

export function sha256Hex(bytes: Uint8Array): string {
  return digest("sha256", bytes, "hex");
}
