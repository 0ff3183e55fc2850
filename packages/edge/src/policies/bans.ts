import type { Bans } from "../bans/bans.ts";
import { EDGE_PROBLEMS } from "../problem.ts";
import { reject } from "../verdict.ts";
import type { Policy } from "./policy.ts";

const BANNED = reject(EDGE_PROBLEMS.banned, "Connection", "close");

/** Refuses clients whose network is banned. From memory: nothing is asked. */
export function banned(bans: Pick<Bans, "ofAddress">): Policy {
  return ({ client }) => (bans.ofAddress(client) === null ? null : BANNED);
}
