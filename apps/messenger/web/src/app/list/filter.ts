/** Letters without case and accents, so that "zoe" finds "Zoé". */
export function folded(text: string): string {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}

export interface Searchable {
  readonly title: string;
  readonly members: readonly { readonly name: string }[];
}

/** True when every word of the query begins a word of the title or of a member's name. */
export function matches(conversation: Searchable, query: string): boolean {
  const wanted = folded(query).split(/\s+/u).filter(Boolean);
  if (wanted.length === 0) return true;
  const names = [conversation.title, ...conversation.members.map((member) => member.name)];
  const words = names.flatMap((name) => folded(name).split(/[^\p{L}\p{N}]+/u));
  return wanted.every((part) => words.some((word) => word.startsWith(part)));
}
