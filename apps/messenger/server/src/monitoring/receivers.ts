import type { Clock } from "@rempart/kernel";
import { createReceivers, type Receiver } from "@rempart/observability/receivers";
import type { Logger } from "@rempart/runtime";
import type { MessengerConfig } from "../config.ts";
import { PublicAddress } from "../public-address.ts";

/** Who is told of alerts. Throws `invalid-configuration` for a receiver whose secret is missing. */
export function alertReceivers(
  { monitoring, mail, public: listener }: MessengerConfig,
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
): readonly Receiver[] {
  const { receivers, secrets, wording } = monitoring;
  return createReceivers(receivers, {
    secrets,
    wording,
    source: new PublicAddress(listener).hostname,
    mail: mail && { server: mail.url, from: mail.from },
    clock,
    log,
  });
}
