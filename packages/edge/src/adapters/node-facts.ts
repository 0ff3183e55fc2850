import type { IncomingMessage } from "node:http";
import type { RequestFacts } from "../facts.ts";

/** A view on a `node:http` request. But for the target, which routers shorten while they work, it is read when it is asked. */
export class NodeFacts implements RequestFacts {
  readonly #request: IncomingMessage;
  readonly upgrade: boolean;
  readonly target: string;

  constructor(request: IncomingMessage, upgrade: boolean, target: string | undefined = request.url) {
    this.#request = request;
    this.upgrade = upgrade;
    this.target = target ?? "";
  }

  get method(): string {
    return this.#request.method ?? "";
  }

  get peer(): string {
    return this.#request.socket.remoteAddress ?? "";
  }

  get encrypted(): boolean {
    return "encrypted" in this.#request.socket;
  }

  get headerCount(): number {
    return this.#request.rawHeaders.length / 2;
  }

  headerNames(): Iterable<string> {
    return Object.keys(this.#request.headers);
  }

  header(name: string): string | undefined {
    const value = this.#request.headers[name];
    return typeof value === "object" ? value.join(", ") : value;
  }

  repeated(name: string): boolean {
    const { rawHeaders } = this.#request;
    let lines = 0;
    for (let i = 0; i < rawHeaders.length; i += 2) {
      const line = rawHeaders[i] as string;
      if (line.length === name.length && line.toLowerCase() === name) lines += 1;
    }
    return lines > 1;
  }
}

/** What is known of a connection whose bytes never became a request. */
export function connectionFacts(peer: string, encrypted: boolean): RequestFacts {
  return {
    method: "-",
    target: "-",
    peer,
    encrypted,
    upgrade: false,
    headerCount: 0,
    headerNames: () => [],
    header: () => undefined,
    repeated: () => false,
  };
}

export function isWebSocket(upgrade: string | undefined): boolean {
  return upgrade?.toLowerCase() === "websocket";
}
