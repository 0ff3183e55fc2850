/**
 * A page that points nowhere, a package nobody explains, or a path of somebody's machine: each costs a reader more than it
 * cost the writer. Links must resolve, a test that a page names must exist, every package must say what it guarantees and
 * what it assumes, decisions must be numbered once and listed.
 */
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join, normalize } from "node:path";
import { filesBelow, workspaces } from "../repository.ts";
import type { Check } from "./check.ts";

/** What a heading of these pages must speak of. */
const README_SAYS = [/limit|guarantee/i];
const THREATS_SAYS = [/assum/i, /guarantee/i, /not a vulnerabilit|not vulnerabilit/i];
/** Home and checkout folders, as they appear when somebody pastes from a terminal. */
const MACHINE_PATH = /(?<![\w.])\/(?:home|Users)\/[a-z][\w-]*\/|(?<![\w.])\/(?:root|work|workspace)\/\w/;

export const documentation: Check = {
  name: "documentation",
  run(root) {
    const pages = filesBelow(root, ".", (path) => path.endsWith(".md"));
    return {
      problems: [
        ...workspaces(root).flatMap(({ folder }) => packagePages(root, folder)),
        ...pages.flatMap((path) => brokenLinks(root, path)),
        ...pages.flatMap((path) => missingTests(root, path)),
        ...pages.flatMap((path) => unprovenRows(root, path)),
        ...decisions(root),
        ...machinePaths(root),
      ],
    };
  },
};

/** Packages explain themselves twice, applications once. */
function packagePages(root: string, folder: string): string[] {
  const problems = missingHeadings(
    root,
    `${folder}/README.md`,
    folder.startsWith("packages/") ? README_SAYS : [],
  );
  if (!folder.startsWith("packages/")) return problems;
  return [...problems, ...missingHeadings(root, `${folder}/THREATS.md`, THREATS_SAYS)];
}

function missingHeadings(root: string, path: string, wanted: readonly RegExp[]): string[] {
  if (!existsSync(join(root, path))) return [`${path} is missing`];
  const text = readFileSync(join(root, path), "utf8");
  const headings = text.split("\n").filter((line) => /^#{1,4} |^\*\*/.test(line));
  return wanted
    .filter((pattern) => !headings.some((heading) => pattern.test(heading)))
    .map((pattern) => `${path} has no heading about ${pattern.source.replaceAll("|", " or ")}`);
}

function brokenLinks(root: string, path: string): string[] {
  const text = withoutCode(readFileSync(join(root, path), "utf8"));
  return [...text.matchAll(/\]\(([^)\s]+)(?:\s+"[^"]*")?\)/g)]
    .map((match) => match[1] as string)
    .filter((target) => !/^[a-z][a-z0-9+.-]*:/i.test(target))
    .flatMap((target) => linkProblem(root, path, target));
}

function linkProblem(root: string, path: string, target: string): string[] {
  const [file = "", fragment] = target.split("#");
  const place = file === "" ? path : normalize(join(dirname(path), file));
  if (place.startsWith("..") || !existsSync(join(root, place))) return [`${path}: ${target} does not exist`];
  if (fragment === undefined || !place.endsWith(".md")) return [];
  return anchorsOf(readFileSync(join(root, place), "utf8")).includes(fragment)
    ? []
    : [`${path}: ${target} names no heading`];
}

/** A link to a source file, and the tests of it that are named behind: `[x.test.ts](x.test.ts) "one", "another"`. */
const NAMED_TESTS = /\]\(([^)\s]+\.ts)\)((?:,? "[^"]+")+)/g;

function missingTests(root: string, path: string): string[] {
  const text = withoutCode(readFileSync(join(root, path), "utf8"));
  return [...text.matchAll(NAMED_TESTS)].flatMap(([, target = "", names = ""]) => {
    const file = join(root, dirname(path), target);
    const source = existsSync(file) ? readFileSync(file, "utf8") : "";
    return [...names.matchAll(/"([^"]+)"/g)]
      .map(([, name]) => name as string)
      .filter((name) => !source.includes(`test("${name}"`))
      .map((name) => `${path}: ${target} has no test "${name}"`);
  });
}

/** In a table that says by which tests its rows are proven, each row names one. */
function unprovenRows(root: string, path: string): string[] {
  const tables = withoutCode(readFileSync(join(root, path), "utf8")).split(/\n(?!\|)/);
  const proven = tables.filter((table) => /^\|.*\| proven by the tests \|$/m.test(table));
  return proven.flatMap((table) =>
    table
      .split("\n")
      .filter((row) => row.startsWith("|"))
      .slice(2)
      .filter((row) => row.match(NAMED_TESTS) === null)
      .map((row) => `${path}: no test is named for the row ${row.split("|", 2)[1]?.trim()}`),
  );
}

/** As code hosts make them: lower case, spaces to hyphens, other punctuation dropped. */
function anchorsOf(text: string): string[] {
  return withoutCode(text)
    .split("\n")
    .filter((line) => /^#{1,6} /.test(line))
    .map((line) =>
      line
        .replace(/^#+ /, "")
        .trim()
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s-]/gu, "")
        .replaceAll(" ", "-"),
    );
}

function withoutCode(text: string): string {
  return text.replaceAll(/^```[\s\S]*?^```/gm, "");
}

/** `docs/decisions/NNNN-name.md`: a number once, the title repeats it, and the index lists it. */
function decisions(root: string): string[] {
  const files = filesBelow(root, "docs/decisions", (path) => /\/\d/.test(path));
  const index = readFileSync(join(root, "docs/decisions/README.md"), "utf8");
  const seen = new Map<string, string>();
  return files.flatMap((path) => {
    const name = basename(path);
    const number = /^(\d{4})-[a-z0-9-]+\.md$/.exec(name)?.[1];
    if (number === undefined) return [`${path}: a decision is named NNNN-some-words.md`];
    const problems: string[] = [];
    if (seen.has(number)) problems.push(`${path}: ${seen.get(number)} has this number already`);
    seen.set(number, path);
    const title = readFileSync(join(root, path), "utf8").split("\n", 1)[0] ?? "";
    if (!title.startsWith(`# ${Number(number)}. `))
      problems.push(`${path}: its title must begin with "# ${Number(number)}. "`);
    if (!index.includes(`(${name})`)) problems.push(`${path}: docs/decisions/README.md does not list it`);
    return problems;
  });
}

function machinePaths(root: string): string[] {
  const texts = filesBelow(root, ".", (path) => /\.(md|ts|tsx|mjs|json|html|css|sql)$/.test(path));
  return texts.flatMap((path) => {
    const lines = readFileSync(join(root, path), "utf8").split("\n");
    const line = lines.findIndex((text) => MACHINE_PATH.test(text));
    return line < 0 ? [] : [`${path}:${line + 1} names a path of somebody's machine`];
  });
}
