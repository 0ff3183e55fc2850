/** What the server runs on, and for how many. */
export interface Machine {
  /** Bytes that PostgreSQL has for itself: all of the machine, or its share of one. */
  readonly memoryBytes: number;
  readonly cpus: number;
  /** `max_connections`. */
  readonly connections: number;
  readonly storage: "ssd" | "hdd";
}

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

export interface Sizes {
  readonly sharedBuffers: number;
  readonly effectiveCacheSize: number;
  readonly workMem: number;
  readonly maintenanceWorkMem: number;
  readonly maxWalSize: number;
  readonly minWalSize: number;
}

/** One sort may take `work_mem`, and a query has several: one connection in four is reckoned to sort at a time. */
export const SORTING_SHARE = 1 / 4;
const SORT_MEMORY_SHARE = 5 / 16;

/** The sizes for a machine, in bytes. For 8 GiB and 200 connections: 2 GiB, 6 GiB, 50 MiB, 512 MiB, 2 GiB, 1 GiB. */
export function sizesFor({ memoryBytes, connections }: Machine): Sizes {
  const maxWalSize = within(memoryBytes / 4, 1 * GIB, 16 * GIB);
  return {
    sharedBuffers: wholeMiB(memoryBytes / 4),
    effectiveCacheSize: wholeMiB((memoryBytes * 3) / 4),
    workMem: readable(
      within((memoryBytes * SORT_MEMORY_SHARE) / (connections * SORTING_SHARE), 4 * MIB, GIB),
    ),
    maintenanceWorkMem: wholeMiB(within(memoryBytes / 16, 64 * MIB, 2 * GIB)),
    maxWalSize: wholeMiB(maxWalSize),
    minWalSize: wholeMiB(maxWalSize / 2),
  };
}

/** Whole mebibytes; tens of them from 20 on. */
function readable(bytes: number): number {
  const step = bytes >= 20 * MIB ? 10 * MIB : MIB;
  return Math.floor(bytes / step) * step;
}

function wholeMiB(bytes: number): number {
  return Math.floor(bytes / MIB) * MIB;
}

function within(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}

/** As postgresql.conf writes it, in the largest unit that is whole. */
export function memoryText(bytes: number): string {
  if (bytes % GIB === 0) return `${bytes / GIB}GB`;
  if (bytes % MIB === 0) return `${bytes / MIB}MB`;
  return `${Math.round(bytes / 1024)}kB`;
}
