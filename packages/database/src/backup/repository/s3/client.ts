import { readFile } from "node:fs/promises";
import type { S3Client } from "@aws-sdk/client-s3";
import type { S3RepositoryOptions } from "./options.ts";

export type Library = typeof import("@aws-sdk/client-s3");

/** Milliseconds: to connect, and without a byte on a connection that is used. */
const CONNECT_MS = 5_000;
const IDLE_MS = 30_000;
const ATTEMPTS = 4;

/**
 * The library is loaded on first use: that takes longer than a process without S3 takes to start. Credentials come from where
 * AWS's own tools find them: environment, web identity, container or instance role.
 */
export class Connection {
  readonly #options: S3RepositoryOptions;
  #opened: Promise<{ client: S3Client; library: Library }> | undefined;

  constructor(options: S3RepositoryOptions) {
    this.#options = options;
  }

  async ask<T>(work: (client: S3Client, library: Library) => Promise<T>): Promise<T> {
    this.#opened ??= this.#open();
    const { client, library } = await this.#opened;
    return work(client, library);
  }

  async #open(): Promise<{ client: S3Client; library: Library }> {
    const { region, endpoint, pathStyle, authorities, idleMs = IDLE_MS } = this.#options;
    const trusted = authorities === undefined ? {} : { httpsAgent: { ca: await readFile(authorities) } };
    const library = await import("@aws-sdk/client-s3");
    const client = new library.S3Client({
      region,
      maxAttempts: ATTEMPTS,
      requestHandler: { connectionTimeout: CONNECT_MS, socketTimeout: idleMs, ...trusted },
      // Ours are SHA-256 and compared with the answer; the library's own would make a second one.
      requestChecksumCalculation: "WHEN_REQUIRED",
      responseChecksumValidation: "WHEN_REQUIRED",
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(pathStyle === undefined ? {} : { forcePathStyle: pathStyle }),
    });
    return { client, library };
  }
}
