import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { explain } from "@rempart/kernel";
import { CliError } from "../errors.ts";

/** Longer than any password that is accepted, in bytes. */
const MAX_BYTES = 4_096;

/**
 * A password for somebody else's account: from a file, typed twice at a terminal, or the first line of what is piped in. Never
 * an argument: those are seen by every account of the machine and kept by the shell.
 */
export async function readPassword(file: string | undefined): Promise<string> {
  if (file !== undefined) return firstLine(await readFile(file, "utf8").catch(unreadable));
  return process.stdin.isTTY ? typedTwice() : firstLine(await pipedIn());
}

async function typedTwice(): Promise<string> {
  const password = await askHidden("Password: ");
  if (password !== (await askHidden("Once more: ")))
    throw new CliError("no-password", "The two are not the same; nothing was done");
  return password;
}

async function askHidden(prompt: string): Promise<string> {
  process.stderr.write(prompt);
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  using lines = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  const typed = await lines.question("");
  process.stderr.write("\n");
  return typed;
}

async function pipedIn(): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of process.stdin) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > MAX_BYTES) break;
  }
  return Buffer.concat(chunks).toString("utf8");
}

function unreadable(cause: unknown): never {
  throw new CliError("no-password", `The password cannot be read: ${explain(cause)}`, { cause });
}

function firstLine(text: string): string {
  const line = text.split(/\r?\n/, 1)[0] ?? "";
  if (line === "" || line.length > MAX_BYTES)
    throw new CliError("no-password", "There is no password: give --password-file, pipe it in, or type it");
  return line;
}
