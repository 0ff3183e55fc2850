import { fromUtf8, toHex, utf8 } from "@rempart/kernel";
import { toBase64 } from "../note/base64.ts";
import { parseHash, parseSize } from "../note/checkpoint.ts";
import type { ObjectStore } from "../ports.ts";
import type { Sha256 } from "../tree/hash.ts";
import type { Seen, WitnessStore } from "./witness.ts";

/** What a witness has seen, one small file for each log. One process for one store. */
export function witnessStore(objects: ObjectStore, sha256: Sha256): WitnessStore {
  const pathOf = (origin: string): string => `seen/${toHex(sha256(utf8(origin)))}`;
  return {
    async latest(origin) {
      const content = await objects.get(pathOf(origin));
      if (content === null) return null;
      const seen = parseSeen(content);
      // Starting over would cosign whatever comes: the one thing a witness must never do.
      if (seen === null) throw new Error(`what was seen of ${JSON.stringify(origin)} cannot be read`);
      return seen;
    },
    async remember(origin, { size, root }) {
      await objects.put(pathOf(origin), utf8(`${size}\n${toBase64(root)}\n`));
    },
  };
}

function parseSeen(content: Uint8Array): Seen | null {
  const [sizeText = "", rootText = "", rest] = (fromUtf8(content) ?? "").split("\n");
  const size = parseSize(sizeText);
  const root = parseHash(rootText);
  return size === null || root === null || rest !== "" ? null : { size, root };
}
