import type { Transaction } from "@rempart/database";
import type { Record as RecordEvent } from "../log/record.ts";
import type { SubjectKeys } from "./subjects.ts";

/**
 * Destroys a person's key and blanks their addresses, and records that it was done, in the transaction given. Everything the
 * log says stays provable; what was personal in it is unreadable. False: nothing was kept under this name, or not any more.
 */
export async function eraseSubject(
  tx: Transaction,
  { subjects, record }: { subjects: SubjectKeys; record: RecordEvent },
  subject: string,
  actor?: { readonly userId: string },
): Promise<boolean> {
  if (!(await subjects.destroy(tx, subject))) return false;
  await tx.query("UPDATE audit_entries SET ip_address = NULL WHERE subject = $1 AND ip_address IS NOT NULL", [
    subject,
  ]);
  await record(tx, {
    type: "audit.subject.erased",
    resource: { type: "subject", id: subject },
    ...(actor === undefined ? {} : { actor }),
  });
  return true;
}
