import type { EdgeConfig } from "../src/index.ts";

/** What every subject of the contract suite is configured with. Imports nothing of Node. */
export const BASE: EdgeConfig = {
  preset: "strict",
  routes: [
    { name: "metrics", path: "/metrics", deny: true },
    { name: "ws", path: "/ws", webSocket: "browser" },
  ],
  limits: { bodyBytes: 1000, targetBytes: 200, headerCount: 20, headerBytes: 4096 },
  toProblem: (error) =>
    error instanceof RangeError ? { status: 409, code: "conflict", title: "Conflict" } : null,
};
