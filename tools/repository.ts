import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("..", import.meta.url));

const NEVER = new Set(["node_modules", "dist", ".git", ".rempart", "coverage"]);

/** Paths, relative to `root` and sorted, of the files below `folder` that `wanted` accepts. */
export function filesBelow(root: string, folder: string, wanted: (path: string) => boolean): string[] {
  const found: string[] = [];
  const visit = (directory: string): void => {
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      if (NEVER.has(entry.name)) continue;
      const path = join(directory, entry.name);
      if (entry.isDirectory()) visit(path);
      else if (entry.isFile() && wanted(relative(root, path))) found.push(relative(root, path));
    }
  };
  visit(join(root, folder));
  return found.sort();
}

export interface Workspace {
  /** Relative to the root, such as `packages/kernel`. */
  readonly folder: string;
  readonly name: string;
  readonly manifest: Manifest;
}

export interface Manifest {
  readonly name?: string;
  readonly version?: string;
  readonly license?: unknown;
  readonly workspaces?: readonly string[];
  readonly exports?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export function readManifest(path: string): Manifest {
  return JSON.parse(readFileSync(path, "utf8")) as Manifest;
}

/** Every workspace of the root manifest, `folder/*` patterns expanded. */
export function workspaces(root: string = ROOT): Workspace[] {
  const patterns = readManifest(join(root, "package.json")).workspaces ?? [];
  return patterns.flatMap((pattern) => expand(root, pattern)).map((folder) => readWorkspace(root, folder));
}

function expand(root: string, pattern: string): string[] {
  if (!pattern.endsWith("/*")) return [pattern];
  const parent = pattern.slice(0, -2);
  return readdirSync(join(root, parent), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => `${parent}/${entry.name}`)
    .filter((folder) => readdirSync(join(root, folder)).includes("package.json"))
    .sort();
}

function readWorkspace(root: string, folder: string): Workspace {
  const manifest = readManifest(join(root, folder, "package.json"));
  return { folder, name: manifest.name ?? folder, manifest };
}
