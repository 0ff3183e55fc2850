import type { Server } from "node:http";
import { listen } from "@rempart/runtime";
import { GatewayError } from "../errors.ts";

/** Resolves with `host:port` as a URL writes it. Rejects with `listen-failed`. */
export async function listenAt(
  server: Server,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<string> {
  const bound = await listen(server, host, port).catch((cause: NodeJS.ErrnoException) => {
    throw new GatewayError("listen-failed", `Cannot listen on ${host}:${port}: ${cause.code ?? ""}`, {
      cause,
    });
  });
  return `${host.includes(":") ? `[${host}]` : host}:${bound.port}`;
}
