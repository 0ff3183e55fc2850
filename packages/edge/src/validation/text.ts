/** Text from strangers, made safe to keep. For a schema's transform: `z.string().max(500).transform((t) => cleanText(t))`. */

import { escapeHtml } from "@rempart/kernel";

export interface TextOptions {
  /**
   * What becomes of markup. `keep` (the default) is right wherever text is escaped when it is shown, as frameworks do;
   * `strip` takes tags out, `escape` writes text that may stand in HTML as it is.
   */
  readonly html?: "keep" | "strip" | "escape";
  /** Keep line breaks, as `\n`, and tabs. Otherwise each run of white space is one space. */
  readonly lines?: boolean;
}

/** Controls but tab and line ends, noncharacters, and the tag characters that spell hidden text. */
const CONTROLS = /[[\p{Cc}\p{NChar}\u{E0000}-\u{E007F}]--[\t\n\r\u0085]]/gv;
/** Characters that reorder or hide what stands beside them (Unicode Technical Standard 55, "Trojan Source"). */
const INVISIBLE =
  /[\u00AD\u061C\u180E\u200B\u200E\u200F\u202A-\u202E\u2060-\u2064\u2066-\u206F\uFEFF\uFFF9-\uFFFB]/gu;

/**
 * NFC (Unicode Standard Annex 15), trimmed, without control and bidirectional formatting characters. Joiners (U+200C,
 * U+200D) stay: Persian and emoji are written with them. Cleaning twice changes nothing, but for `escape`.
 */
export function cleanText(text: string, { html = "keep", lines = false }: TextOptions = {}): string {
  const visible = text.toWellFormed().replace(CONTROLS, "").replace(INVISIBLE, "");
  const bare = html === "strip" ? stripTags(visible) : visible;
  const spaced = lines
    ? bare.replace(/\r\n?|[\u0085\u2028\u2029]/gu, "\n")
    : bare.replace(/[\s\u0085]+/gu, " ");
  const clean = spaced.normalize("NFC").trim();
  return html === "escape" ? escapeHtml(clean) : clean;
}

/**
 * Without tags, comments and declarations: everything from `<` and a letter, `/`, `!` or `?` to the next `>`, or to the end.
 * In what is left no `<` stands before such a character, also where taking a tag out brought them together.
 */
export function stripTags(text: string): string {
  const parts: string[] = [];
  // How many "<" wait for what comes next: nothing, if it would make a tag of them.
  let waiting = 0;
  let i = 0;
  while (i < text.length) {
    const open = text.indexOf("<", i);
    const end = open < 0 ? text.length : open;
    if (end > i) {
      if (!opensTag(text.charCodeAt(i))) parts.push("<".repeat(waiting));
      waiting = 0;
      parts.push(text.slice(i, end));
    }
    if (open < 0) break;
    const isTag = opensTag(text.charCodeAt(open + 1));
    const close = isTag ? text.indexOf(">", open) : open;
    if (close < 0) break;
    if (!isTag) waiting += 1;
    i = close + 1;
  }
  parts.push("<".repeat(waiting));
  return parts.join("");
}

function opensTag(code: number): boolean {
  const lower = code | 32;
  return (lower >= 97 && lower <= 122) || code === 33 || code === 47 || code === 63;
}
