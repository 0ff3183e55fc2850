import type { Command } from "commander";

/** Commands by name, each loaded when it is asked for. */
export type Commands = Readonly<Record<string, () => Promise<Command>>>;

/** The one of this name, so that no command waits for what another one is made of; all where it is none of them, as for help. */
export async function commandsFor(commands: Commands, name: string): Promise<Command[]> {
  const named = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (named !== undefined) return [await named()];
  return Promise.all(Object.values(commands).map((load) => load()));
}
