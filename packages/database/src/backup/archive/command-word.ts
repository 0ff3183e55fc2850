/** A word of a shell command in a setting, where `%` begins a placeholder; `%f` and `%p` are PostgreSQL's to fill in. */
export function commandWord(word: string): string {
  if (word === "%f" || word === "%p") return `"${word}"`;
  return `'${word.replaceAll("'", "'\\''").replaceAll("%", "%%")}'`;
}
