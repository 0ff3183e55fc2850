import type { Transaction } from "@rempart/database";
import type { Clock } from "@rempart/kernel";
import { prepare } from "../events/prepare.ts";
import type { SubjectKeys } from "./subjects.ts";

/**
 * Destroys a person's key and blanks their addresses, and records that it was done, in the transaction given. Everything the
 * log says stays provable; what was personal in it is unreadable. False: nothing was kept under this name, or not any more.
 */
export async function eraseSubject(
  tx: Transaction,
  { subjects, clock }: { subjects: SubjectKeys; clock: Clock },
  subject: string,
  actor?: { readonly userId: string },
): Promise<boolean> {
  const resource = { type: "subject", id: subject };
  const type = "audit.subject.erased";
  const { body } = prepare({ type, resource, ...(actor === undefined ? {} : { actor }) }, clock.now());
  subjects.drop(subject);
  const [row] = await tx.query<{ held: boolean }>("SELECT audit_forget($1, $2) AS held", [subject, body]);
  return row?.held === true;
}
