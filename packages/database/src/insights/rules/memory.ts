import { type Machine, memoryText, SORTING_SHARE, sizesFor } from "../../maintenance/configure/sizes.ts";
import type { Finding } from "../finding.ts";
import type { CatalogueSnapshot } from "../snapshot.ts";

/** Within this factor of what the generator would write, a setting is somebody's choice. */
const FAR = 2;

/** Settings far from what fits the machine that the server runs on. */
export function unfitMemory(snapshot: CatalogueSnapshot, machine: Omit<Machine, "connections">): Finding[] {
  const connections = Number(snapshot.settings.max_connections);
  const fitting = sizesFor({ ...machine, connections });
  return [
    ...overcommitted(snapshot, machine.memoryBytes, connections, fitting.workMem),
    ...compare(snapshot, "shared_buffers", fitting.sharedBuffers, true),
    ...compare(snapshot, "work_mem", fitting.workMem, false),
  ];
}

function compare(snapshot: CatalogueSnapshot, name: string, fitting: number, restart: boolean): Finding[] {
  const present = Number(snapshot.settings[name]);
  if (present <= fitting * FAR && present >= fitting / FAR) return [];
  return [
    {
      code: "setting-unfit",
      severity: "notice",
      object: name,
      explanation: `It is ${memoryText(present)}; for this machine ${memoryText(fitting)} would fit.${restart ? " Takes effect at the next restart." : ""}`,
      fix: [`ALTER SYSTEM SET ${name} = '${memoryText(fitting)}'`, "SELECT pg_reload_conf()"],
      undo: [`ALTER SYSTEM SET ${name} = '${memoryText(present)}'`, "SELECT pg_reload_conf()"],
      appliable: false,
    },
  ];
}

function overcommitted(
  snapshot: CatalogueSnapshot,
  memoryBytes: number,
  connections: number,
  fitting: number,
): Finding[] {
  const sorting = Math.ceil(connections * SORTING_SHARE);
  const wanted = Number(snapshot.settings.shared_buffers) + sorting * Number(snapshot.settings.work_mem);
  if (wanted <= memoryBytes) return [];
  return [
    {
      code: "memory-overcommitted",
      severity: "critical",
      object: "work_mem",
      explanation: `${sorting} of ${connections} connections that each sort once want, with shared_buffers, ${memoryText(wanted)} of ${memoryText(memoryBytes)}: the system would end the server.`,
      fix: [`ALTER SYSTEM SET work_mem = '${memoryText(fitting)}'`, "SELECT pg_reload_conf()"],
      undo: [
        `ALTER SYSTEM SET work_mem = '${memoryText(Number(snapshot.settings.work_mem))}'`,
        "SELECT pg_reload_conf()",
      ],
      appliable: false,
    },
  ];
}
