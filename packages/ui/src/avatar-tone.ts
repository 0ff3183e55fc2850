/** How many hues avatars come in; `tone-0` to `tone-7` of the theme. */
export const AVATAR_TONES = 8;

/** The same id has the same tone everywhere (FNV-1a, 32 bits; no secret hangs on it). */
export function avatarTone(id: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < id.length; i += 1) {
    hash = Math.imul(hash ^ id.charCodeAt(i), 0x01000193);
  }
  return (hash >>> 0) % AVATAR_TONES;
}

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

function firstGrapheme(word: string): string {
  for (const { segment } of graphemes.segment(word)) return segment.toLocaleUpperCase();
  return "";
}

/** One or two letters that stand for a name; whole characters, whatever the script. */
export function initials(name: string): string {
  const words = name.split(/[\s\-’']+/u).filter((word) => /[\p{L}\p{N}]/u.test(word));
  const [first] = words;
  if (first === undefined) return firstGrapheme(name.trim()) || "·";
  const last = words.at(-1);
  if (last === undefined || words.length === 1) return firstGrapheme(first);
  return firstGrapheme(first) + firstGrapheme(last);
}
