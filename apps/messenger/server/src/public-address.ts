import type { PublicConfig } from "./config.ts";

/** How browsers reach the public listener. With a port of 0 that is known once it listens. */
export class PublicAddress {
  readonly #config: PublicConfig;
  #port: number;

  constructor(config: PublicConfig) {
    this.#config = config;
    this.#port = config.port;
  }

  listensOn(port: number): void {
    this.#port = port;
  }

  get origin(): string {
    return this.#config.url?.origin ?? `http://localhost:${this.#port}`;
  }

  /** Pages of these may ask for passkeys. */
  get origins(): readonly string[] {
    return [this.origin, ...this.#config.allowedOrigins];
  }

  get hostname(): string {
    return new URL(this.origin).hostname;
  }
}
