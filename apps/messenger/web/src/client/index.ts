import type { MessengerClient } from "./api.ts";
import { connectClient } from "./connect.ts";

/** Starts the messenger in its own worker. Called once by a page; the worker lives as long as the page does. */
export function createMessengerClient(): MessengerClient {
  const worker = new Worker(new URL("../worker/worker.ts", import.meta.url), {
    type: "module",
    name: "messenger",
  });
  const client = connectClient(worker);
  worker.addEventListener("error", () => client.crashed());
  return client;
}
