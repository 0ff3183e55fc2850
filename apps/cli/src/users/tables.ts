import type { Session, UserSummary } from "@rempart/identity";
import { table } from "../table.ts";
import { timeText } from "../text.ts";

export function userTable(users: readonly UserSummary[]): string {
  const head = ["id", "e-mail", "name", "role", "status", "created", "last active"];
  return table([head, ...users.map(userRow)]);
}

function userRow({ id, email, name, role, createdAt, lastActiveAt, ...rest }: UserSummary): string[] {
  const active = lastActiveAt === null ? "never" : timeText(lastActiveAt);
  return [id, email, name, role, statusOf(rest), timeText(createdAt), active];
}

function statusOf({ status, suspendedUntil }: Pick<UserSummary, "status" | "suspendedUntil">): string {
  return suspendedUntil === null ? status : `${status} until ${timeText(suspendedUntil)}`;
}

export function sessionTable(sessions: readonly Session[]): string {
  const head = ["id", "since", "last used", "address", "proved by", "device"];
  return table([head, ...sessions.map(sessionRow)]);
}

function sessionRow({ id, createdAt, lastUsedAt, address, amr, userAgent }: Session): string[] {
  return [id, timeText(createdAt), timeText(lastUsedAt), address, amr.join("+"), userAgent];
}
