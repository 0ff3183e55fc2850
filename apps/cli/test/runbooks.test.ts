import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { requireService } from "@rempart/testing";
import type { Command } from "commander";
import { createProgram } from "../src/program.ts";

const FOLDER = fileURLToPath(new URL("../../../docs/runbooks", import.meta.url));
const { path: promtool = "", skip } = await requireService("promtool");

const names = (await readdir(FOLDER)).sort();
const pages = await Promise.all(
  names.map(async (name) => ({ name, text: await readFile(join(FOLDER, name), "utf8") })),
);

/** What stands in code of a language, by page. */
function codeIn(language: string): { name: string; code: string }[] {
  const block = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, "gm");
  return pages.flatMap(({ name, text }) =>
    [...text.matchAll(block)].map(([, code = ""]) => ({ name, code: code.trim() })),
  );
}

function commandsIn({ name, text }: { name: string; text: string }): { name: string; words: string[] }[] {
  const inline = [...text.matchAll(/`rempart ([^`]+)`/g)].map(([, words = ""]) => words);
  const lines = [...text.matchAll(/^rempart (.+)$/gm)].map(([, words = ""]) => words);
  return [...inline, ...lines].map((words) => ({ name, words: words.split(" ") }));
}

/** The command that the words begin with, and what is left of them. */
function resolve(program: Command, words: readonly string[]): { command: Command; rest: readonly string[] } {
  const [first, ...rest] = words;
  const next = program.commands.find((command) => command.name() === first);
  return next === undefined ? { command: program, rest: words } : resolve(next, rest);
}

test("every command on a page is one, and has the options that it is given there", async () => {
  const program = await createProgram(["help"]);
  const commands = pages.flatMap(commandsIn);
  assert.ok(commands.length > 50);
  for (const { name, words } of commands) {
    const text = `${name}: rempart ${words.join(" ")}`;
    const { command, rest } = resolve(program, words);
    assert.ok(command.commands.length === 0, `${text} is no command`);
    for (const word of rest.filter((one) => one.startsWith("--"))) {
      assert.ok(
        command.options.some(({ long }) => long === word),
        `${text}: there is no ${word}`,
      );
    }
  }
});

test("every query on a page is one", { skip }, async () => {
  const queries = codeIn("promql").flatMap(({ code }) => code.split("\n"));
  assert.ok(queries.length > 30);
  const folder = await mkdtemp(join(tmpdir(), "rempart-runbooks-"));
  const file = join(folder, "queries.yml");
  const rules = queries.map((expr, index) => ({ record: `page:query:${index}`, expr }));
  await writeFile(file, JSON.stringify({ groups: [{ name: "pages", rules }] }));
  try {
    await promisify(execFile)(promtool, ["check", "rules", file]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
