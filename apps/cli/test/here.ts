import assert from "node:assert/strict";
import { mock } from "node:test";
import { type Command, CommanderError } from "commander";
import { createProgram } from "../src/program.ts";

export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly said: string;
}

/**
 * A command in this process, for what a process of its own would prove nothing about: one at a time, in `cwd`, with `env`
 * beside the environment.
 */
export async function here(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  cwd = process.cwd(),
): Promise<Ended> {
  const before = { ...process.env };
  const began = process.cwd();
  const taken = [take(process.stdout), take(process.stderr)] as const;
  Object.assign(process.env, env);
  process.chdir(cwd);
  try {
    const program = await createProgram(args);
    staysHere(program);
    await program.parseAsync(args, { from: "user" }).catch(endAsAProcess);
    return { code: Number(process.exitCode ?? 0), out: taken[0].text(), said: taken[1].text() };
  } finally {
    for (const { restore } of taken) restore();
    process.chdir(began);
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    Object.assign(process.env, before);
    process.exitCode = 0;
  }
}

/** What is wrong with arguments would end the process. */
function staysHere(command: Command): void {
  command.exitOverride();
  command.commands.forEach(staysHere);
}

function endAsAProcess(error: unknown): void {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode;
}

/** Takes text alone: what tests report goes out over the same stream, as bytes. */
function take(stream: NodeJS.WriteStream): { text(): string; restore(): void } {
  let text = "";
  const write = stream.write.bind(stream);
  const taking = mock.method(stream, "write", (chunk: string | Uint8Array, ...rest: []): boolean => {
    if (typeof chunk !== "string") return write(chunk, ...rest);
    text += chunk;
    return true;
  });
  return { text: () => text, restore: () => taking.mock.restore() };
}

/** What a command printed that ended well; a failed test, with what it said, when it did not. */
export async function printed(...call: Parameters<typeof here>): Promise<string> {
  const { code, out, said } = await here(...call);
  assert.equal(code, 0, said);
  return out;
}

/** The command refuses in words: no stack, exit code 1. */
export async function refuses(about: RegExp, ...call: Parameters<typeof here>): Promise<void> {
  const { code, out, said } = await here(...call);
  assert.equal(code, 1, out);
  assert.match(said, about);
  assert.doesNotMatch(said, /\n\s+at /);
}
