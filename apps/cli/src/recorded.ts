import type { Installation } from "@rempart/messenger-server/operator";

/** Before a command that erases says it is done. False, and said why, when a restore could still bring somebody back. */
export async function tellRecorded({ erasuresRecorded }: Installation): Promise<boolean> {
  const recorded = await erasuresRecorded();
  if (!recorded)
    process.stderr.write(
      "What was erased is gone here, but its record has not reached the backups' repository: restore nothing until the messenger, or `rempart db cleanup`, has brought it there.\n",
    );
  return recorded;
}
