import type { Writable } from "node:stream";
import type { EventType } from "./events/table.ts";
import { streamSink } from "./sinks/lines.ts";
import type { Sink } from "./sinks/sink.ts";

/** How much is recorded, and how the console tells it. */
export interface Preset {
  /** Whether a service should record such an event at all. What changes something is always recorded. */
  keeps(type: EventType): boolean;
  /** Where entries are told as they get their place. */
  console(output: Writable): Sink;
}

/** Every request, answered or refused: much, and of interest only to whoever must be able to show all of it. */
const EVERY_REQUEST: EventType = "access.request";

function allButRequests(type: EventType): boolean {
  return type !== EVERY_REQUEST;
}

const jsonConsole = (output: Writable): Sink => streamSink("console", output);

export const PRESETS = {
  /** For a person at a terminal. */
  development: {
    keeps: allButRequests,
    console: (output) => streamSink("console", output, true),
  },
  /** For a machine that collects what services print. */
  production: { keeps: allButRequests, console: jsonConsole },
  /** Everything, each request included. */
  compliance: { keeps: () => true, console: jsonConsole },
} as const satisfies Record<string, Preset>;

export type PresetName = keyof typeof PRESETS;
