import { fromBase64Url } from "@rempart/kernel";
import type { Welcome } from "@rempart/messaging/contract";
import { CoreError } from "../errors.ts";
import type { PlaceRecord } from "../storage/records.ts";
import { pendingCommit, placePending } from "./commits.ts";
import type { Stage } from "./stage.ts";

const MOST_ATTEMPTS = 5;
const NOBODY = { addedUsers: [], removedUsers: [] };

/**
 * Puts this device into the group by an external commit (RFC 9420, section 12.4.3.2), as a new device of a member or
 * after falling out of step. The stream adopts it; what was sent between the cursor and the commit stays closed to this
 * device, and the history says so.
 */
export async function rejoin(stage: Stage): Promise<void> {
  const { deps, store } = stage;
  stage.showSync(isFresh(store.state().place) ? "joining" : "recovering");
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt += 1) {
    const info = await deps.rest.call("groupInfo", { params: { conversationId: store.id } });
    const groupInfo = fromBase64Url(info.groupInfo) ?? new Uint8Array();
    const built = await deps.mls.joinExternally(store.id, groupInfo);
    const pending = pendingCommit(deps, deps.newId(), built, NOBODY);
    await store.update(({ place, outbox }) => ({
      pending,
      group: null,
      place: startAt(place, info.seq),
      outbox: outbox.map((record) => ({ ...record, sealed: null })),
    }));
    if ((await placePending(stage)) === "placed") return;
  }
  throw new CoreError("stale-epoch", "Other commits kept coming first");
}

/** Joins by a welcome. The key package that it used up is deleted in the same transaction. */
export async function joinByWelcome({ deps, store }: Stage, welcome: Welcome): Promise<void> {
  const { place } = store.state();
  if (place.cursor > welcome.seq && store.state().group !== null) return;
  const joined = await deps.mls.join(store.id, fromBase64Url(welcome.body) ?? new Uint8Array());
  await store.update(
    ({ place: latest }) => ({
      group: joined.group,
      place: { ...latest, cursor: welcome.seq, historyStart: welcome.seq, active: true },
    }),
    (batch) => batch.delete("keyPackages", joined.keyPackageId),
  );
  deps.mls.release([joined.consumed]);
}

/** True while this device has read nothing of the conversation. */
function isFresh(place: PlaceRecord): boolean {
  return place.cursor === place.historyStart;
}

/** A device that joins has no use for what came before the epoch it joins from. */
function startAt(place: PlaceRecord, seq: number): PlaceRecord {
  if (!isFresh(place) || seq <= place.cursor) return place;
  return { ...place, cursor: seq, historyStart: seq };
}
