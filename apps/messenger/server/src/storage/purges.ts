import type { Purge } from "@rempart/database/maintenance";
import { identityPurges } from "@rempart/identity/schema";
import { networkBansOver } from "../bans/network-bans.ts";
import { oldWelcomes } from "../conversations/welcomes.ts";
import { expiredKeyPackages } from "../devices/key-packages.ts";

/** Of the messenger's own tables; a running server removes a batch of each every ten minutes. */
export const ownPurges: readonly Purge[] = [expiredKeyPackages, oldWelcomes, networkBansOver];

/** Whatever goes in time. The audit log prunes itself, and records that it did. */
export const messengerPurges: readonly Purge[] = [...identityPurges(), ...ownPurges];
