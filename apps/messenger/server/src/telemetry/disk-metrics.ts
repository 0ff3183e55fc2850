import { statfs } from "node:fs/promises";
import type { Clock } from "@rempart/kernel";
import { registerReader, shippedMetrics } from "@rempart/observability";
import type { Registry } from "prom-client";
import { sharedLook } from "./shared-look.ts";

/** The room where this installation keeps its files, asked when the metrics are read. */
export function readDisk(registry: Registry, directory: string, clock: Clock): void {
  const look = sharedLook(clock, () => statfs(directory));
  registerReader(registry, shippedMetrics.dataDirectoryAvailable, async () => {
    const disk = await look();
    return disk === undefined ? null : disk.bavail * disk.bsize;
  });
  registerReader(registry, shippedMetrics.dataDirectorySize, async () => {
    const disk = await look();
    return disk === undefined ? null : disk.blocks * disk.bsize;
  });
}
