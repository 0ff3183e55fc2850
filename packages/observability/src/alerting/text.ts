/** Texts that come from elsewhere, as every store takes them: of bounded length, whole characters, no NUL. */
export function storableText(text: string, maxLength: number): string {
  return text.slice(0, maxLength).toWellFormed().replaceAll("\0", "\ufffd");
}

/** Throws TypeError for a text that a store could not keep as it is, or that says nothing. */
export function checkText(what: string, text: string, maxLength: number): void {
  if (text.trim() === "" || storableText(text, maxLength) !== text)
    throw new TypeError(`give the ${what}, in at most ${maxLength} characters of text`);
}
