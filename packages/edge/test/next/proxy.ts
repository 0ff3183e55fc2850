import { createEdge, NONCE } from "@rempart/edge";
import { nextProxy } from "@rempart/edge/next";
import { NextResponse } from "next/server.js";

const edge = createEdge({
  preset: "strict",
  proxies: { hops: 1 },
  headers: {
    csp: { "default-src": ["'none'"], "script-src": [NONCE, "'strict-dynamic'"], "connect-src": ["'self'"] },
  },
  routes: [{ name: "denied", path: "/denied", deny: true }],
});

export const proxy = nextProxy(edge, NextResponse);
/** The route handler of the contract admits by itself. */
export const config = { matcher: ["/", "/denied"] };
