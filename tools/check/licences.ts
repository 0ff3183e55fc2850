/**
 * Whoever runs or ships Rempart takes over the duties of every licence below it. Permissive ones ask for a notice; the
 * others are allowed only by name and with the reason, so that a new duty is a decision and not an accident.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Check } from "./check.ts";

const PERMISSIVE = new Set([
  "0BSD",
  "Apache-2.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "BlueOak-1.0.0",
  "CC0-1.0",
  "ISC",
  "MIT",
  "MIT-0",
  "Unlicense",
  "Python-2.0",
]);

/** The name of a package, or its start, and why its licence is acceptable where it is used. */
const BY_NAME: readonly { start: string; licence: string; reason: string }[] = [
  { start: "lightningcss", licence: "MPL-2.0", reason: "part of the CSS build; nothing of it is shipped" },
  {
    start: "caniuse-lite",
    licence: "CC-BY-4.0",
    reason: "browser data for the tests under Next.js; nothing of it is shipped",
  },
  { start: "axe-core", licence: "MPL-2.0", reason: "accessibility tests only" },
  { start: "@fontsource", licence: "OFL-1.1", reason: "fonts, served unmodified with their licence" },
];

interface LockedPackage {
  readonly license?: string;
  readonly link?: boolean;
  readonly optional?: boolean;
}

export const licences: Check = {
  name: "licences",
  run(root) {
    const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
      packages: Record<string, LockedPackage>;
    };
    const problems = Object.entries(lock.packages)
      .filter(([path, { link }]) => path.includes("node_modules/") && link !== true)
      .flatMap(([path, locked]) => licenceProblem(root, path, locked));
    return { problems };
  },
};

function licenceProblem(root: string, path: string, locked: LockedPackage): string[] {
  const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
  const licence = locked.license ?? installedLicence(join(root, path));
  if (licence !== null && isPermissive(licence)) return [];
  if (BY_NAME.some((entry) => name.startsWith(entry.start) && entry.licence === licence)) return [];
  return [`${name}: ${licence ?? "no licence stated"} is not on the list of tools/check/licences.ts`];
}

/** The lock file leaves the licence out when the manifest states it in an old form. */
function installedLicence(folder: string): string | null {
  const path = join(folder, "package.json");
  if (!existsSync(path)) return null;
  const { license, licenses } = JSON.parse(readFileSync(path, "utf8")) as {
    license?: unknown;
    licenses?: unknown;
  };
  const stated = license ?? (Array.isArray(licenses) ? licenses[0] : undefined);
  if (typeof stated === "string") return stated;
  const type = (stated as { type?: unknown } | undefined)?.type;
  return typeof type === "string" ? type : null;
}

/** SPDX expressions: one permissive alternative of an OR suffices; every part of an AND is needed. */
export function isPermissive(expression: string): boolean {
  const text = expression.replaceAll(/[()]/g, " ");
  return text
    .split(/\sOR\s/)
    .some((option) => option.split(/\sAND\s/).every((part) => PERMISSIVE.has(part.trim())));
}
