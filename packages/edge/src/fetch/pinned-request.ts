import { request as httpRequest, type IncomingMessage, type RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import { isIP } from "node:net";
import { EdgeError } from "../errors.ts";

export type Method = "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";

/** One request to one address that was already judged. */
export interface Hop {
  readonly url: URL;
  readonly port: number;
  readonly address: string;
  readonly method: Method;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | undefined;
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

/** Names that would let a caller speak for another host, or frame a message otherwise than we do. */
const OURS = new Set([
  "host",
  "connection",
  "content-length",
  "transfer-encoding",
  "upgrade",
  "expect",
  "te",
  "trailer",
]);

export interface PinnedOptions {
  readonly maxBytes: number;
  readonly ca: readonly string[] | undefined;
}

/** Connects to `hop.address` whatever the name says now; certificates are checked against the name. */
export function requestPinned(
  hop: Hop,
  { maxBytes, ca }: PinnedOptions,
  signal: AbortSignal,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const send = hop.url.protocol === "https:" ? httpsRequest : httpRequest;
    const outgoing = send(optionsOf(hop, ca, signal), (incoming) => {
      readBody(incoming, maxBytes)
        .then((body) => ({ status: incoming.statusCode ?? 0, headers: headersOf(incoming), body }))
        .then(resolve, reject);
    });
    outgoing.on("error", reject);
    // Without this an unasked-for upgrade closes the connection and says nothing.
    outgoing.on("upgrade", (_incoming, socket) => {
      socket.destroy();
      reject(new Error("the other side switched protocols"));
    });
    outgoing.end(hop.body);
  });
}

function optionsOf(
  hop: Hop,
  ca: PinnedOptions["ca"],
  signal: AbortSignal,
): RequestOptions & { servername?: string; ca?: string[] } {
  const { url, address } = hop;
  const own = Object.entries(hop.headers).filter(([name]) => !OURS.has(name.toLowerCase()));
  const length = hop.body === undefined ? {} : { "Content-Length": Buffer.byteLength(hop.body) };
  const name = url.hostname.replace(/^\[|\]$/g, "");
  return {
    host: address,
    port: hop.port,
    method: hop.method,
    path: `${url.pathname}${url.search}`,
    headers: { ...Object.fromEntries(own), Host: url.host, "Accept-Encoding": "identity", ...length },
    // A connection of its own: none is found in a pool that went to another address, and no proxy of the environment is used.
    agent: false,
    signal,
    maxHeaderSize: 16_384,
    ...(isIP(name) === 0 ? { servername: name } : {}),
    ...(ca === undefined ? {} : { ca: [...ca] }),
  };
}

async function readBody(incoming: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    length += chunk.length;
    // Leaving the loop destroys the stream, and the connection with it.
    if (length > maxBytes)
      throw new EdgeError("fetch-too-large", `the answer is longer than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

function headersOf({ rawHeaders }: IncomingMessage): Headers {
  const headers = new Headers();
  for (let i = 0; i < rawHeaders.length; i += 2)
    headers.append(rawHeaders[i] as string, rawHeaders[i + 1] as string);
  return headers;
}
