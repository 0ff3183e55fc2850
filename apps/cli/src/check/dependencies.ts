import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { explain } from "@rempart/kernel";
import { z } from "zod";
import type { CheckItem, Verdict } from "./item.ts";
import { run } from "./program.ts";

const LOCK_FILE = "package-lock.json";
const SHOWN = 30;

export const dependencies: CheckItem = {
  id: "dependencies",
  title: "New dependencies and known weaknesses",
  target: "no known high or critical weakness; what is new was looked at",
  source: `${LOCK_FILE} of the working directory against a week ago in git; npm audit`,
  advice:
    "Read what is new: who keeps it, what it runs at installation, why it is needed. Update what is weak.",
  async look({ directory }) {
    const [changes, audit] = await Promise.all([changesOfTheWeek(directory), knownWeaknesses(directory)]);
    return {
      verdict: worse(changes.verdict, audit.verdict),
      figure: `${changes.words}; ${audit.words}`,
      details: changes.details,
    };
  },
};

interface Part {
  readonly verdict: Verdict;
  readonly words: string;
}

const ORDER: readonly Verdict[] = ["pass", "warn", "unknown", "fail"];

function worse(a: Verdict, b: Verdict): Verdict {
  return ORDER.indexOf(a) >= ORDER.indexOf(b) ? a : b;
}

/** What the lock file has now and had not a week ago. */
export async function changesOfTheWeek(
  directory: string,
): Promise<Part & { readonly details: readonly string[] }> {
  try {
    const details = changed(
      await lockAWeekAgo(directory),
      packagesIn(await readFile(join(directory, LOCK_FILE), "utf8")),
    );
    const words = `${details.length} packages added or changed in a week`;
    const rest = details.length > SHOWN ? [`and ${details.length - SHOWN} more`] : [];
    return {
      verdict: details.length === 0 ? "pass" : "warn",
      words,
      details: [...details.slice(0, SHOWN), ...rest],
    };
  } catch (error) {
    return { verdict: "unknown", words: `what is new cannot be told (${explain(error)})`, details: [] };
  }
}

async function lockAWeekAgo(directory: string): Promise<ReadonlyMap<string, string>> {
  const found = await run(
    "git",
    ["log", "-1", "--before=7 days ago", "--format=%H", "--", LOCK_FILE],
    directory,
  );
  const commit = found.output.trim();
  if (found.code !== 0) throw new Error("the working directory is not in git");
  if (!/^[0-9a-f]{40,64}$/.test(commit)) throw new Error("git knows no lock file that old");
  const { code, output } = await run("git", ["show", `${commit}:./${LOCK_FILE}`], directory);
  if (code !== 0) throw new Error("git cannot show the lock file of then");
  return packagesIn(output);
}

const lockFile = z.object({
  packages: z.record(z.string(), z.object({ version: z.string().optional(), link: z.boolean().optional() })),
});

/** Name and place in the tree → version. The repository's own packages have none. */
function packagesIn(text: string): ReadonlyMap<string, string> {
  const { packages } = lockFile.parse(JSON.parse(text));
  return new Map(
    Object.entries(packages).flatMap(([path, { version }]) =>
      path.includes("node_modules/") && version !== undefined ? [[path, version]] : [],
    ),
  );
}

/** `name version`, with the version of before where there was one; each once. */
export function changed(before: ReadonlyMap<string, string>, now: ReadonlyMap<string, string>): string[] {
  const lines = [...now].flatMap(([path, version]) => {
    const old = before.get(path);
    if (old === version) return [];
    const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
    return [old === undefined ? `${name} ${version} is new` : `${name} ${old} → ${version}`];
  });
  return [...new Set(lines)].sort();
}

const auditReport = z.object({
  metadata: z.object({
    vulnerabilities: z.object({ high: z.number(), critical: z.number(), total: z.number() }),
  }),
});

async function knownWeaknesses(directory: string): Promise<Part> {
  try {
    const { output } = await run(
      "npm",
      ["audit", "--json", "--omit=dev", "--fetch-timeout=10000", "--fetch-retries=0"],
      directory,
    );
    const read = auditReport.safeParse(JSON.parse(output));
    if (!read.success) return { verdict: "unknown", words: "npm audit had no answer from the registry" };
    const { high, critical, total } = read.data.metadata.vulnerabilities;
    const verdict = high + critical > 0 ? "fail" : total > 0 ? "warn" : "pass";
    return { verdict, words: `npm audit knows ${total} weaknesses, ${high} high and ${critical} critical` };
  } catch (error) {
    return { verdict: "unknown", words: `npm audit could not be run (${explain(error).split("\n", 1)[0]})` };
  }
}
