import { createEdge, NONCE } from "@rempart/edge";
import { nextProxy } from "@rempart/edge/next";
import { NextResponse } from "next/server.js";

const edge = createEdge({
  preset: "strict",
  proxies: { hops: 1 },
  headers: {
    csp: { "default-src": ["'none'"], "script-src": [NONCE, "'strict-dynamic'"], "style-src": ["'self'"] },
  },
  rateLimit: { policies: [{ name: "default", limit: 1000, windowSeconds: 60 }] },
  routes: [{ name: "metrics", path: "/metrics", deny: true }],
});

export const proxy = nextProxy(edge, NextResponse);
export const config = { matcher: "/((?!contract/|_next/static/).*)" };
