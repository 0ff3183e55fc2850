/** A reader of answers that forgives nothing: what it cannot read to the letter of RFC 9112 is a failure. */

export interface Answer {
  readonly status: number;
  /** Name in lower case, value. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

const STATUS_LINE = /^HTTP\/1\.1 ([1-5][0-9][0-9]) [\x20-\x7e]+$/;
const HEADER_LINE =
  /^([!#$%&'*+.^_`|~0-9A-Za-z-]+): ([\x21-\x7e](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?|)$/;

/**
 * Everything a connection sent, as `latin1`. `head`: HEAD was among the methods asked, so an answer may have no body, whatever
 * it says of its length. Throws for anything else.
 */
export function readAnswers(text: string, head = false): Answer[] {
  const answers: Answer[] = [];
  for (let at = 0; at < text.length; ) {
    const { answer, end } = readAnswer(text, at, head);
    answers.push(answer);
    at = end;
  }
  return answers;
}

function readAnswer(text: string, from: number, head: boolean): { answer: Answer; end: number } {
  const headEnd = text.indexOf("\r\n\r\n", from);
  if (headEnd < 0) throw new Error("a head without an end");
  const [statusLine = "", ...lines] = text.slice(from, headEnd).split("\r\n");
  const status = Number(STATUS_LINE.exec(statusLine)?.[1]);
  if (!(status >= 100)) throw new Error(`status line ${JSON.stringify(statusLine)}`);
  const headers = lines.map(readHeader);
  const start = headEnd + 4;
  const { body, end } = readBody(text, start, status, headers, head);
  return { answer: { status, headers, body }, end };
}

function readHeader(line: string): readonly [string, string] {
  const found = HEADER_LINE.exec(line);
  if (found === null) throw new Error(`header line ${JSON.stringify(line)}`);
  return [(found[1] as string).toLowerCase(), found[2] as string];
}

function readBody(
  text: string,
  start: number,
  status: number,
  headers: Answer["headers"],
  head: boolean,
): { body: string; end: number } {
  if (status < 200 || status === 204 || status === 304) return { body: "", end: start };
  if (head && (start === text.length || text.startsWith("HTTP/1.1 ", start))) return { body: "", end: start };
  const lengths = headers.filter(([name]) => name === "content-length");
  const codings = headers.filter(([name]) => name === "transfer-encoding");
  // To those who speak an older HTTP.
  const isLast = headers.some(([name, value]) => name === "connection" && value === "close");
  if (isLast && lengths.length + codings.length === 0) return { body: text.slice(start), end: text.length };
  if (lengths.length + codings.length !== 1) throw new Error("not exactly one framing");
  if (codings.length === 1) return readChunks(text, start);
  const end = start + Number(lengths[0]?.[1]);
  if (!(end <= text.length)) throw new Error("a body cut short");
  return { body: text.slice(start, end), end };
}

function readChunks(text: string, start: number): { body: string; end: number } {
  let body = "";
  for (let at = start; ; ) {
    const lineEnd = text.indexOf("\r\n", at);
    const size = /^[0-9a-f]{1,6}$/.test(text.slice(at, lineEnd))
      ? Number.parseInt(text.slice(at, lineEnd), 16)
      : -1;
    const end = lineEnd + 2 + size + 2;
    if (lineEnd < 0 || size < 0 || text.slice(end - 2, end) !== "\r\n") throw new Error("a broken chunk");
    if (size === 0) return { body, end };
    body += text.slice(lineEnd + 2, end - 2);
    at = end;
  }
}
