import { visible } from "@rempart/kernel/masking";

/** At most `limit` UTF-16 units, and no half character. */
export function cut(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit - 1).toWellFormed()}…`;
}

/** A stranger's text on one line of at most `limit` units, with what would hide or reorder it shown as what it is. */
export function oneLine(text: string, limit: number): string {
  return cut(visible(cut(text, limit)), limit);
}
