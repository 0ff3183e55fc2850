import { connect } from "node:net";

export interface RawAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
  /** Everything the server sent. */
  readonly text: string;
}

export interface RawOptions {
  /** Sent after the first bytes, each once the event loop has turned. */
  readonly more?: readonly (string | Buffer)[];
  /** Ends when the answer is whole, for servers that keep the connection whatever they are asked. */
  readonly untilWhole?: boolean;
}

const PATIENCE_MS = 10_000;

/** Sends bytes on a fresh connection and reads until the server closes it. */
export function raw(port: number, bytes: string | Buffer, options: RawOptions = {}): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    let text = "";
    socket.setTimeout(PATIENCE_MS, () =>
      socket.destroy(new Error(`the server did not close; it sent: ${text}`)),
    );
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
      if (options.untilWhole && isWhole(text, `${bytes}`.startsWith("HEAD "))) socket.destroy();
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "ECONNRESET" && error.code !== "EPIPE") reject(error);
    });
    socket.on("close", () => resolve(parse(text)));
    socket.write(bytes);
    for (const more of options.more ?? []) setImmediate(() => socket.write(more));
  });
}

function isWhole(text: string, isHead: boolean): boolean {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return false;
  const { status, headers, body } = parse(text);
  if (isHead || status === 204) return true;
  const length = headers.get("content-length");
  return length === null ? text.endsWith("\r\n0\r\n\r\n") : body.length >= Number(length);
}

function parse(text: string): RawAnswer {
  const end = text.indexOf("\r\n\r\n");
  const [statusLine = "", ...lines] = text.slice(0, Math.max(end, 0)).split("\r\n");
  const headers = new Headers();
  for (const line of lines) {
    const colon = line.indexOf(":");
    headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  const sent = text.slice(end + 4);
  const body = headers.get("transfer-encoding") === "chunked" ? joined(sent) : sent;
  return { status: Number(statusLine.split(" ")[1] ?? 0), headers, body, text };
}

/** What the chunks of a body say together (RFC 9112, 7.1), as far as they came. */
function joined(chunks: string): string {
  let body = "";
  for (let at = 0; at < chunks.length; ) {
    const end = chunks.indexOf("\r\n", at);
    const size = Number.parseInt(chunks.slice(at, end), 16);
    if (end < 0 || !(size > 0)) break;
    body += chunks.slice(end + 2, end + 2 + size);
    at = end + 2 + size + 2;
  }
  return body;
}

/** A request that closes its connection; header lines as given. */
export function request(line: string, headers: Readonly<Record<string, string>> = {}, body = ""): string {
  const all = { Host: "app.example.com", Connection: "close", ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${line} HTTP/1.1\r\n${lines.join("")}\r\n${body}`;
}
