import { CoreError } from "../errors.ts";
import { catchUp } from "./catch-up.ts";
import { buildChange, placePending, type WantedChange } from "./commits.ts";
import { refresh, type Stage } from "./stage.ts";

/** A commit that loses to another is made again on the newer epoch, at most this often in a row. */
const MOST_REBASES = 8;

/**
 * Moves the group to its next epoch with these changes, and with the removal of every orphan. Saved before it is sent;
 * adopted when the stream reaches it, so that messages before it are read with the keys of their own epoch.
 *
 * @throws CoreError: the server's refusal; `offline` and `timeout` leave the commit pending, and it is placed later.
 */
export async function changeGroup(stage: Stage, wanted: WantedChange): Promise<void> {
  for (let attempt = 0; attempt < MOST_REBASES; attempt += 1) {
    await settle(stage);
    await refresh(stage);
    const { group } = stage.store.state();
    if (group === null) throw new CoreError("device-not-in-group", "This device is not in the group");
    const pending = await buildChange(stage, group, wanted);
    if (pending === null) return;
    await stage.store.update(() => ({ pending }));
    if (await settle(stage)) return;
  }
  throw new CoreError("stale-epoch", "Other commits kept coming first");
}

/** Places what is pending and reads up to the head. True when a commit of ours was adopted. */
export async function settle(stage: Stage): Promise<boolean> {
  const outcome = await placePending(stage);
  await catchUp(stage);
  return outcome === "placed";
}
