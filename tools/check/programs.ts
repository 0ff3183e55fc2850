/**
 * Types, format and unused code: other people's programs, which know these things better than we could. A type error that
 * ships is a bug report; code that nobody uses is read, reviewed and attacked all the same.
 */
import { execFile } from "node:child_process";
import { join } from "node:path";
import type { Check, Outcome } from "./check.ts";

const LARGEST_OUTPUT = 16 * 1024 * 1024;

export const types: Check = {
  name: "types",
  async run(root) {
    const projects = ["tsconfig.json", "tsconfig.web.json", "tsconfig.web-test.json"];
    const outcomes = await Promise.all(
      projects.map((project) => tool(root, "tsc", ["-p", project, "--pretty", "false"])),
    );
    return { problems: outcomes.flatMap(({ problems }) => problems) };
  },
};

export const format: Check = {
  name: "format",
  run: (root) => tool(root, "biome", ["check", "--colors=off", "--max-diagnostics=50", "."]),
};

export const unused: Check = {
  name: "unused",
  run: (root) => tool(root, "knip", ["--no-progress", "--no-config-hints"]),
};

/** Runs a program of node_modules/.bin under this Node. Its words are the problem when it ends with anything but 0. */
function tool(root: string, name: string, args: readonly string[]): Promise<Outcome> {
  const program = join(root, "node_modules/.bin", name);
  const path = `${join(root, "node_modules/.bin")}:${process.env.PATH ?? ""}`;
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  execFile(
    program,
    args,
    { cwd: root, maxBuffer: LARGEST_OUTPUT, env: { ...process.env, PATH: path } },
    (error, stdout, stderr) => {
      const words = `${stdout}\n${stderr}`.trim();
      resolve({ problems: error === null ? [] : [words || error.message] });
    },
  );
  return promise;
}
