import type { Progress } from "../ports.ts";
import type { DrillRecord } from "./records.ts";

/** What a drill in a process of its own says to the one that asked for it. */
export type DrillMessage =
  | { readonly type: "alive" }
  | { readonly type: "progress"; readonly progress: Progress }
  | { readonly type: "record"; readonly record: DrillRecord }
  /** Whoever stops all processes of a service tells this one too, and before the one that asked is done with the others. */
  | { readonly type: "stopped" }
  /** It could not be made, or its outcome not be kept. */
  | { readonly type: "failed"; readonly why: string };

/** Milliseconds between two signs of life. */
export const ALIVE_EVERY_MS = 5_000;
/** Milliseconds to clean up in for a drill that is told to stop. */
export const CLEAN_UP_MS = 10_000;
