import { mock } from "node:test";
import { createProgram } from "../src/program.ts";

export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly said: string;
}

/**
 * A command in this process, for what a process of its own would prove nothing about: one at a time, in the present working
 * directory, with `env` beside the environment.
 */
export async function here(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const before = { ...process.env };
  const taken = [take(process.stdout), take(process.stderr)] as const;
  Object.assign(process.env, env);
  try {
    const program = await createProgram(args);
    await program.parseAsync(args, { from: "user" });
    return { code: Number(process.exitCode ?? 0), out: taken[0].text(), said: taken[1].text() };
  } finally {
    for (const { restore } of taken) restore();
    for (const name of Object.keys(env)) delete process.env[name];
    Object.assign(process.env, before);
    process.exitCode = 0;
  }
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
