/**
 * Imports point one way. A package can be understood, tested and replaced alone only while nothing below it knows what is
 * above; and code that claims to run in a browser, or to do no I/O, must not be able to reach Node's modules by accident.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { filesBelow, type Workspace, workspaces } from "../repository.ts";
import type { Check } from "./check.ts";
import { cyclesIn } from "./cycles.ts";
import { importsOf } from "./imports.ts";

/** What each workspace may import of the others. `testing` is open to the tests of all. */
export const DIRECTIONS: Readonly<Record<string, readonly string[]>> = {
  "packages/kernel": [],
  "packages/edge": ["packages/kernel"],
  "packages/messaging": ["packages/kernel"],
  "packages/ui": [],
  "packages/runtime": ["packages/kernel"],
  "packages/keys": ["packages/kernel", "packages/runtime"],
  "packages/observability": ["packages/kernel", "packages/runtime"],
  "packages/database": ["packages/kernel", "packages/runtime", "packages/keys"],
  "packages/audit": ["packages/kernel", "packages/runtime", "packages/keys", "packages/database"],
  "packages/identity": ["packages/kernel", "packages/runtime", "packages/keys", "packages/database"],
  "packages/testing": ["packages/kernel", "packages/runtime", "packages/database"],
  "apps/messenger/server": [
    "packages/kernel",
    "packages/runtime",
    "packages/database",
    "packages/edge",
    "packages/keys",
    "packages/audit",
    "packages/identity",
    "packages/messaging",
    "packages/observability",
  ],
  "apps/gateway": ["packages/kernel", "packages/runtime", "packages/edge", "packages/observability"],
  "apps/messenger/web": ["packages/kernel", "packages/messaging", "packages/audit", "packages/ui"],
  // As a stranger would build it.
  "examples/plugins": ["packages/edge"],
  "examples/shop": [
    "packages/kernel",
    "packages/runtime",
    "packages/database",
    "packages/edge",
    "packages/keys",
    "packages/observability",
  ],
  // The operator's command is the outermost layer: the one place that may start an application.
  "apps/cli": [
    "packages/kernel",
    "packages/runtime",
    "packages/keys",
    "packages/database",
    "packages/edge",
    "packages/audit",
    "packages/identity",
    "packages/observability",
    "apps/gateway",
    "apps/messenger/server",
  ],
};

/** Source that must run without Node: in a browser, on Workers, on a phone. */
const ISOMORPHIC = [
  { below: "packages/kernel/src/", except: /^$/ },
  { below: "packages/messaging/src/", except: /^$/ },
  {
    below: "packages/audit/src/",
    except: /^packages\/audit\/src\/(?!verify\.ts|tree\/|note\/|proof\/|entry\/)/,
  },
  { below: "packages/ui/src/", except: /^$/ },
  { below: "packages/edge/src/", except: /^packages\/edge\/src\/(adapters|stores|fetch)\// },
  { below: "apps/messenger/web/src/", except: /^$/ },
];

/** Packages whose run-time code has no third-party dependency at all. */
const ALONE = ["packages/kernel", "packages/edge"];

interface Source {
  readonly path: string;
  readonly home: Workspace;
  readonly isTest: boolean;
}

export const boundaries: Check = {
  name: "boundaries",
  run(root) {
    const homes = workspaces(root);
    const problems = homes
      .filter(({ folder }) => DIRECTIONS[folder] === undefined)
      .map(({ folder }) => `${folder}: tools/check/boundaries.ts does not say what it may import`);
    const graph = new Map<string, string[]>();
    for (const home of homes) {
      problems.push(...manifestProblems(home));
      for (const path of filesBelow(root, home.folder, isSource)) {
        const source = { path, home, isTest: isTestFile(path) };
        for (const { specifier, eager } of importsOf(readFileSync(join(root, path), "utf8"))) {
          problems.push(...importProblems(source, specifier, homes));
          const target = eager ? relativeTarget(root, path, specifier) : null;
          if (target !== null) graph.set(path, [...(graph.get(path) ?? []), target]);
        }
      }
    }
    for (const cycle of cyclesIn(graph)) problems.push(`cycle: ${cycle.join(" → ")}`);
    return { problems };
  },
};

function isSource(path: string): boolean {
  return /\.(ts|tsx|mts|mjs)$/.test(path);
}

/** Tests, and what only tests import, may reach for more. */
function isTestFile(path: string): boolean {
  return /\.test\.tsx?$/.test(path) || /\/(test|e2e)\//.test(path);
}

function manifestProblems({ folder, manifest }: Workspace): string[] {
  if (!ALONE.includes(folder)) return [];
  return Object.keys(manifest.dependencies ?? {})
    .filter((name) => !name.startsWith("@rempart/"))
    .map((name) => `${folder} must have no third-party run-time dependency, and has ${name}`);
}

function importProblems(source: Source, specifier: string, homes: readonly Workspace[]): string[] {
  if (specifier.startsWith("node:")) return nodeProblems(source, specifier);
  if (specifier.startsWith("@rempart/")) return workspaceProblems(source, specifier, homes);
  if (!specifier.startsWith(".")) return [];
  const target = normalize(join(dirname(source.path), specifier));
  if (target.startsWith(`${source.home.folder}/`)) return [];
  return [`${source.path} leaves its workspace by "${specifier}": import the other by its name`];
}

function nodeProblems({ path, isTest }: Source, specifier: string): string[] {
  if (isTest) return [];
  const rule = ISOMORPHIC.find(({ below, except }) => path.startsWith(below) && !except.test(path));
  return rule === undefined ? [] : [`${path} must run without Node, and imports "${specifier}"`];
}

function workspaceProblems(
  { path, home, isTest }: Source,
  specifier: string,
  homes: readonly Workspace[],
): string[] {
  const target = homes.find(({ name }) => specifier === name || specifier.startsWith(`${name}/`));
  if (target === undefined) return [`${path}: there is no workspace for "${specifier}"`];
  const problems: string[] = [];
  const allowed = DIRECTIONS[home.folder] ?? [];
  const forTests = isTest && (target.name === "@rempart/testing" || home.folder.startsWith("apps/"));
  if (target !== home && !forTests && !allowed.includes(target.folder)) {
    problems.push(`${path}: ${home.folder} must not import ${target.folder}`);
  }
  if (!isExported(target, specifier))
    problems.push(`${path}: "${specifier}" is not a public entry of ${target.folder}`);
  const { dependencies = {}, devDependencies = {} } = home.manifest;
  const declared = isTest ? { ...dependencies, ...devDependencies } : dependencies;
  if (target !== home && !Object.hasOwn(declared, target.name)) {
    problems.push(`${path}: ${home.folder}/package.json does not declare ${target.name}`);
  }
  return problems;
}

function isExported(target: Workspace, specifier: string): boolean {
  return Object.hasOwn(target.manifest.exports ?? {}, `.${specifier.slice(target.name.length)}`);
}

function relativeTarget(root: string, path: string, specifier: string): string | null {
  if (!specifier.startsWith(".")) return null;
  const target = normalize(join(dirname(path), specifier));
  return existsSync(join(root, target)) ? target : null;
}
