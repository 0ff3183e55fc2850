import { userInfo } from "node:os";

/** Who works at this machine, as the audit log names them. */
export function operatorName(): string {
  return userInfo().username;
}
