import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import type { Command } from "commander";
import { createProgram } from "./program.ts";

const all = commandsOf(await createProgram(["--help"]));

test("every command, argument and option says what it is for, and their help fits 80 columns", () => {
  assert.ok(all.length > 60);
  for (const command of all) {
    const name = nameOf(command);
    assert.ok(command.parent === null || command.description() !== "", name);
    for (const argument of command.registeredArguments)
      assert.notEqual(argument.description, "", `${name} ${argument.name()}`);
    for (const option of command.options) assert.notEqual(option.description, "", `${name} ${option.flags}`);
    const widest = Math.max(...helpOf(command).map((line) => line.length));
    assert.ok(widest <= 80, `the help of ${name} is ${widest} columns wide`);
  }
});

test("the page about the command has every one of them", async () => {
  const page = await readFile(new URL("../README.md", import.meta.url), "utf8");
  const missing = all
    .filter(({ parent, commands }) => parent !== null && commands.length === 0)
    .map((command) => nameOf(command).replace("rempart ", ""))
    .filter((name) => !new RegExp(`^\\|.*\`${name}[ \`].*\\|.*\\|`, "m").test(page));
  assert.deepEqual(missing, []);
});

test("a command that there is not is not taken for an argument of another one", async () => {
  const program = await createProgram(["frobnicate"]);
  const said: string[] = [];
  program.exitOverride().configureOutput({ writeErr: (text) => said.push(text) });
  await assert.rejects(program.parseAsync(["frobnicate"], { from: "user" }), {
    code: "commander.unknownCommand",
  });
  assert.match(said.join(""), /unknown command 'frobnicate'/);
});

test("no command at all starts the messenger", async () => {
  const [only, ...others] = (await createProgram([])).commands;
  assert.equal(only?.name(), "up");
  assert.deepEqual(others, []);
});

function commandsOf(command: Command): Command[] {
  return [command, ...command.commands.flatMap(commandsOf)];
}

function nameOf(command: Command): string {
  return command.parent === null ? command.name() : `${nameOf(command.parent)} ${command.name()}`;
}

function helpOf(command: Command): string[] {
  return command
    .configureOutput({ getOutHelpWidth: () => 80 })
    .helpInformation()
    .split("\n");
}
