import { connect } from "node:net";
import { turn } from "./upstreams.ts";

const PATIENCE_MS = 10_000;

/** Turns of the event loop in which everything in this process has had its say. */
const QUIET_TURNS = 30;

/**
 * Sends parts of a byte string, each in a packet of its own, and reads until the gateway closes. `ends`: leaves once nothing
 * more can be expected, which ends a request that was never whole.
 */
export function exchange(port: number, parts: readonly string[], { ends = false } = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    let text = "";
    socket.setTimeout(PATIENCE_MS, () =>
      socket.destroy(new Error(`not closed after: ${text.slice(0, 2000)}`)),
    );
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "ECONNRESET" && error.code !== "EPIPE") reject(error);
    });
    socket.on("close", () => resolve(text));
    void write();
    async function write(): Promise<void> {
      for (const part of parts) {
        socket.write(part, "latin1");
        await turn();
      }
      if (!ends) return;
      for (let i = 0; i < QUIET_TURNS; i += 1) await turn();
      socket.end();
    }
  });
}

/** The statuses of the answers on a connection. None of the answers here has a body that could hold one. */
export function statusesOf(text: string): number[] {
  return [...text.matchAll(/HTTP\/1\.1 ([0-9]{3})/g)].map(([, status]) => Number(status));
}
