import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";

/** Below the ports that Linux (from 32,768), macOS and Windows (from 49,152) give to whoever asks for any. */
const FIRST = 15_000;
const LAST = 32_000;

/**
 * A TCP port of the loopback address that was free a moment ago. Nobody is given it by chance meanwhile, but another caller of
 * this may choose it: let a server choose its own with port 0 wherever it can say which it chose.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST, LAST);
    if (await isFree(port)) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EADDRINUSE") return false;
    throw error;
  }
  server.close();
  await once(server, "close");
  return true;
}
