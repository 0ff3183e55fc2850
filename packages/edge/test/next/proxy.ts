import { createEdge, NONCE } from "@rempart/edge";
import { nextProxy } from "@rempart/edge/next";
import { NextResponse } from "next/server.js";

const csp = {
  "default-src": ["'none'"],
  "script-src": [NONCE, "'strict-dynamic'"],
  "connect-src": ["'self'"],
};
const edge = createEdge({ preset: "strict", proxies: { hops: 1 }, headers: { csp } });

export const proxy = nextProxy(edge, NextResponse);
/** Pages alone: a route handler of `nextRoute` admits by itself. */
export const config = { matcher: ["/", "/pages/:path*"] };
