/** The gateway with the duties of the peers: headers with a nonce, CORS, a limit per address, request ids, metrics, access lines. */
import { writeSync } from "node:fs";
import { NONCE } from "@rempart/edge";
import { startGateway } from "@rempart/gateway";

const { url } = await startGateway(
  {
    listen: { port: 0 },
    admin: false,
    edge: {
      preset: "strict",
      headers: {
        csp: {
          "default-src": ["'none'"],
          "script-src": [NONCE, "'strict-dynamic'"],
          "connect-src": ["'self'"],
          "base-uri": ["'none'"],
          "frame-ancestors": ["'none'"],
        },
      },
      cors: { origins: ["https://app.example.com"] },
      rateLimit: { policies: [{ name: "default", limit: 1_000_000_000, windowSeconds: 60 }] },
    },
    upstreams: { items: { targets: [process.env.UPSTREAM as string] } },
    routes: [{ name: "items", path: "/api/v1/items/:id", upstream: "items" }],
  },
  { accessLog: (lines) => writeSync(1, lines) },
);
process.send?.({ port: Number(new URL(url).port) });
