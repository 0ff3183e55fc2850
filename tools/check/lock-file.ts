/**
 * The lock file decides what runs. It must say what the manifests say, hold an integrity for every package, and name no
 * registry, so that everyone installs the same bytes from the registry they trust.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Manifest, readManifest, workspaces } from "../repository.ts";
import type { Check } from "./check.ts";

interface Locked extends Manifest {
  readonly resolved?: string;
  readonly integrity?: string;
  readonly link?: boolean;
}

const FIELDS = ["dependencies", "devDependencies", "optionalDependencies"] as const;

export const lockFile: Check = {
  name: "lock-file",
  run(root) {
    const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
      packages: Record<string, Locked>;
    };
    const manifests = [
      { folder: "", manifest: readManifest(join(root, "package.json")) },
      ...workspaces(root).map(({ folder, manifest }) => ({ folder, manifest })),
    ];
    const steps = manifests.flatMap(({ folder, manifest }) =>
      outOfStep(folder, manifest, lock.packages[folder]),
    );
    const entries = Object.entries(lock.packages).flatMap(([path, locked]) => entryProblems(path, locked));
    return { problems: [...steps, ...entries] };
  },
};

function outOfStep(folder: string, manifest: Manifest, locked: Locked | undefined): string[] {
  const where = folder === "" ? "package.json" : `${folder}/package.json`;
  return FIELDS.filter((field) => !sameRanges(manifest[field], locked?.[field])).map(
    (field) => `${where}: its ${field} differ from package-lock.json; run npm install`,
  );
}

function sameRanges(
  a: Readonly<Record<string, string>> = {},
  b: Readonly<Record<string, string>> = {},
): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

function entryProblems(path: string, { resolved, integrity, link }: Locked): string[] {
  if (!path.includes("node_modules/") || link === true) return [];
  const problems: string[] = [];
  if (resolved !== undefined && /^(https?|git)/.test(resolved))
    problems.push(`${path}: names a registry or host`);
  if (integrity === undefined) problems.push(`${path}: has no integrity`);
  return problems;
}
