import type { Session, UserSummary } from "@rempart/identity";
import { table } from "../table.ts";

export function userTable(users: readonly UserSummary[]): string {
  const head = ["id", "e-mail", "name", "role", "status", "created", "last active"];
  return table([head, ...users.map(userRow)]);
}

function userRow({ id, email, name, role, createdAt, lastActiveAt, ...rest }: UserSummary): string[] {
  const active = lastActiveAt === null ? "never" : dateOf(lastActiveAt);
  return [id, email, name, role, statusOf(rest), dateOf(createdAt), active];
}

function statusOf({ status, suspendedUntil }: Pick<UserSummary, "status" | "suspendedUntil">): string {
  return suspendedUntil === null ? status : `${status} until ${dateOf(suspendedUntil)}`;
}

export function sessionTable(sessions: readonly Session[]): string {
  const head = ["id", "since", "last used", "address", "proved by", "device"];
  return table([head, ...sessions.map(sessionRow)]);
}

function sessionRow({ id, createdAt, lastUsedAt, address, amr, userAgent }: Session): string[] {
  return [id, dateOf(createdAt), dateOf(lastUsedAt), address, amr.join("+"), userAgent];
}

/** To the minute, UTC. */
export function dateOf(time: number): string {
  return new Date(time).toISOString().slice(0, 16).replace("T", " ");
}
