/** What may stand in a field value: visible ASCII, spaces and tabs (RFC 9110, 5.5, without `obs-text`). */
const FIELD_VALUE = /^[\t\x20-\x7e]*$/;

export function isFieldValue(text: string): boolean {
  return FIELD_VALUE.test(text);
}

/** Headers as lines of HTTP/1.1, each with its end. Throws `TypeError` for a value that could end its line: nobody checks them again. */
export function toLines(headers: readonly string[]): string {
  let lines = "";
  for (let i = 0; i < headers.length; i += 2) {
    const value = headers[i + 1] as string;
    if (!isFieldValue(value)) throw new TypeError(`${headers[i]} cannot be ${JSON.stringify(value)}`);
    lines += `${headers[i]}: ${value}\r\n`;
  }
  return lines;
}
