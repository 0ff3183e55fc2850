import { readFileSync } from "node:fs";
import { explain } from "@rempart/kernel";
import { GatewayError } from "../errors.ts";
import type { GatewayConfig } from "./schema.ts";

/** What `--upstream` names in a configuration. */
const DEFAULT_UPSTREAM = "default";

/**
 * The configuration of a command line: a JSON file, and targets that serve every path the file's routes do not. Only its
 * shape as JSON is looked at here. Throws `invalid-configuration`.
 */
export function loadGatewayConfig(path: string | undefined, targets: readonly string[]): GatewayConfig {
  const given = path === undefined ? {} : readObject(path);
  const { upstreams = {}, routes = [], ...rest } = given;
  if (targets.length === 0) return { ...rest, upstreams, routes };
  return {
    ...rest,
    upstreams: { ...upstreams, [DEFAULT_UPSTREAM]: { targets: [...targets] } },
    routes: [
      ...routes,
      // The service knows its own pages: where it sends a policy for them, that holds.
      {
        name: "everything",
        path: "/*",
        upstream: DEFAULT_UPSTREAM,
        webSocket: "browser",
        keep: ["content-security-policy"],
      },
    ],
  };
}

function readObject(path: string): Partial<GatewayConfig> {
  try {
    const value: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  } catch (cause) {
    throw new GatewayError("invalid-configuration", `${path}: ${explain(cause)}`, { cause });
  }
  throw new GatewayError("invalid-configuration", `${path}: expects a JSON object`);
}
