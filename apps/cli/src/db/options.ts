import { availableParallelism, totalmem } from "node:os";
import type { Machine } from "@rempart/database/maintenance";
import { InvalidArgumentError, Option } from "commander";
import { wholeNumber } from "../arguments/number.ts";

const UNITS: Readonly<Record<string, number>> = { kB: 1024, MB: 1024 ** 2, GB: 1024 ** 3, TB: 1024 ** 4 };

/** As PostgreSQL writes sizes: `8GB`. */
function parseSize(text: string): number {
  const [, number, unit = ""] = /^(\d{1,6})(kB|MB|GB|TB)$/.exec(text) ?? [];
  const bytes = Number(number) * (UNITS[unit] ?? Number.NaN);
  if (!(bytes > 0)) throw new InvalidArgumentError("Expected a size, as in 8GB.");
  return bytes;
}

export const memoryOption = (): Option =>
  new Option("--memory <size>", "memory that PostgreSQL has, such as 8GB").argParser(parseSize);
export const cpusOption = (): Option =>
  new Option("--cpus <count>", "cores that PostgreSQL has").argParser(wholeNumber(1));
export const storageOption = (): Option =>
  new Option("--storage <kind>", "what the data lie on").choices(["ssd", "hdd"]).default("ssd");

export interface MachineOptions {
  readonly memory?: number;
  readonly cpus?: number;
  readonly storage: Machine["storage"];
}

/** What was said; this machine where the server shares it; undefined where nobody knows. */
export function machineOf(
  { memory, cpus, storage }: MachineOptions,
  local: boolean,
): Omit<Machine, "connections"> | undefined {
  const memoryBytes = memory ?? (local ? memoryHere() : undefined);
  if (memoryBytes === undefined) return undefined;
  return { memoryBytes, cpus: cpus ?? availableParallelism(), storage };
}

/** In a container less than the machine has. */
export function memoryHere(): number {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}
