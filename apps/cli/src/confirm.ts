import { createInterface } from "node:readline/promises";

/**
 * Asks before what cannot be undone: true with `--yes`, or when the person types `answer`. Without a terminal to ask on it is
 * refused, and the exit code is 1.
 */
export async function confirmed(question: string, answer: string, yes: boolean): Promise<boolean> {
  if (yes) return true;
  const typed = process.stdin.isTTY ? await ask(`${question} Type ${answer} to go on: `) : undefined;
  if (typed === answer) return true;
  process.stderr.write(typed === undefined ? `${question} Say --yes to go on.\n` : "Nothing was changed.\n");
  process.exitCode = 1;
  return false;
}

async function ask(prompt: string): Promise<string> {
  using lines = createInterface({ input: process.stdin, output: process.stderr });
  return (await lines.question(prompt)).trim();
}
