export interface Piece {
  readonly text: string;
  /** Where it leads, for a link. */
  readonly href?: string;
}

/** One pass, no nested repetition: linear in the length of the text. */
const ADDRESS = /\bhttps?:\/\/[^\s<>"]+/giu;
const TRAILING = /[.,;:!?'’”»)\]}]+$/u;

function linkOf(found: string): Piece | null {
  const text = found.replace(TRAILING, "");
  const url = URL.parse(text);
  if (url === null || url.hostname === "" || url.username !== "" || url.password !== "") return null;
  return { text, href: url.href };
}

/** A message as plain text and web addresses. An address that hides credentials stays text. */
export function piecesOf(text: string): Piece[] {
  const pieces: Piece[] = [];
  let done = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const link = linkOf(match[0]);
    if (link === null) continue;
    if (match.index > done) pieces.push({ text: text.slice(done, match.index) });
    pieces.push(link);
    done = match.index + link.text.length;
  }
  if (done < text.length) pieces.push({ text: text.slice(done) });
  return pieces;
}

const FEW_EMOJI = /^\p{RGI_Emoji}{1,3}$/v;

/** True for a message that is nothing but one to three emoji. */
export function isFewEmoji(text: string): boolean {
  return text.length <= 60 && FEW_EMOJI.test(text.replace(/\s/gu, ""));
}
