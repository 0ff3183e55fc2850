/**
 * Examples in the documentation compile against the code as it is. An example that names an export or an option of last
 * month is worse than none. Names that an example leaves undeclared, because the reader brings them, are accepted.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { filesBelow } from "../repository.ts";
import type { Check } from "./check.ts";

/** "Cannot find name" in its forms, and the parameters that would take their type from such a name: what the reader brings. */
const READERS_OWN = new Set(["TS2304", "TS2552", "TS18004", "TS2503", "TS7006", "TS7031"]);
const FOLDER = "node_modules/.rempart/examples";
const EXAMPLE = /^```ts\n([\s\S]*?)^```/gm;

export const examples: Check = {
  name: "examples",
  run(root) {
    const pages = filesBelow(root, ".", (path) => path.endsWith(".md"));
    const found = pages.flatMap((path) => examplesOf(path, readFileSync(join(root, path), "utf8")));
    if (found.length === 0) return { problems: [] };
    return { problems: compile(root, found), notes: [`${found.length} examples`] };
  },
};

interface Example {
  readonly page: string;
  /** Of its first line of code in the page, from 1. */
  readonly line: number;
  readonly code: string;
}

export function examplesOf(page: string, text: string): Example[] {
  return [...text.matchAll(EXAMPLE)].map((match) => ({
    page,
    line: text.slice(0, match.index).split("\n").length + 1,
    code: match[1] as string,
  }));
}

/** In a folder of the repository, so that packages resolve as they do for its own code. */
function compile(root: string, found: readonly Example[]): string[] {
  const folder = join(root, FOLDER);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  found.forEach(({ code }, index) => {
    writeFileSync(join(folder, `example-${index}.ts`), `${code}\nexport {};\n`);
  });
  const config = {
    extends: join(root, "tsconfig.base.json"),
    compilerOptions: {
      lib: ["ES2024", "DOM", "DOM.Iterable"],
      types: ["node"],
      typeRoots: [join(root, "node_modules/@types")],
    },
    include: ["*.ts"],
    exclude: [],
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
  return errorsOf(root, folder).flatMap((line) => toProblem(line, found));
}

function errorsOf(root: string, folder: string): string[] {
  try {
    execFileSync(join(root, "node_modules/.bin/tsc"), ["-p", folder, "--pretty", "false"], {
      cwd: folder,
      encoding: "utf8",
    });
    return [];
  } catch (error) {
    return (error as { stdout?: string }).stdout?.split("\n") ?? [String(error)];
  }
}

function toProblem(line: string, found: readonly Example[]): string[] {
  const [, index, row, code = "", text] =
    /example-(\d+)\.ts\((\d+),\d+\): error (TS\d+): (.*)$/.exec(line) ?? [];
  if (index === undefined || READERS_OWN.has(code)) return [];
  const example = found[Number(index)] as Example;
  return [`${example.page}:${example.line + Number(row) - 1} ${code} ${text}`];
}
