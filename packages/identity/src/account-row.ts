import type { Uuid } from "@rempart/kernel";
import type { Account } from "./types.ts";

/** The columns of `users` that make an account as its owner sees it. */
export interface AccountRow {
  id: Uuid;
  email: string;
  name: string;
  role: Account["role"];
  created_at: Date;
}

export function toAccount(row: AccountRow): Account {
  return {
    id: row.id,
    email: row.email,
    name: row.name,
    role: row.role,
    createdAt: row.created_at.getTime(),
  };
}
