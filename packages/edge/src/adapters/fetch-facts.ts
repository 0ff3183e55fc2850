import type { RequestFacts } from "../facts.ts";

/** A view on a Fetch `Request`. */
export class FetchFacts implements RequestFacts {
  readonly #request: Request;
  readonly peer: string;
  readonly upgrade: boolean;

  constructor(request: Request, peer: string) {
    this.#request = request;
    this.peer = peer;
    this.upgrade = this.header("upgrade")?.toLowerCase() === "websocket";
  }

  get method(): string {
    return this.#request.method;
  }

  get target(): string {
    const { url } = this.#request;
    const path = url.indexOf("/", url.indexOf("://") + 3);
    return path < 0 ? "/" : url.slice(path);
  }

  get encrypted(): boolean {
    return this.#request.url.startsWith("https:");
  }

  get headerCount(): number {
    let count = 0;
    for (const _ of this.#request.headers) count += 1;
    return count;
  }

  headerNames(): Iterable<string> {
    return this.#request.headers.keys();
  }

  header(name: string): string | undefined {
    return this.#request.headers.get(name) ?? (name === "host" ? this.#authority() : undefined);
  }

  /** The platform has joined repeated lines; of those that may not be repeated, the comma gives them away. */
  repeated(name: string): boolean {
    return this.header(name)?.includes(",") ?? false;
  }

  /** Platforms that hide `Host` have put it into the URL. */
  #authority(): string {
    return new URL(this.#request.url).host;
  }
}
