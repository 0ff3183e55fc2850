import type { Clock } from "@rempart/kernel";
import type { Secret } from "@rempart/runtime";
import { judgeStatus, post } from "./http.ts";
import type { Receiver } from "./receiver.ts";

export interface HeartbeatOptions {
  /** Whoever knows it can beat in our place. */
  readonly url: Secret;
  /** Who beats, as a host name. */
  readonly source: string;
  readonly clock: Clock;
}

/** POSTs to a dead man's switch outside, which raises the alarm when it does not hear of us any more. Any 2xx accepts. */
export function heartbeat(name: string, { url, source, clock }: HeartbeatOptions): Receiver {
  return {
    name,
    isHeartbeat: true,
    async send({ occasion, status, at }, signal) {
      // An alert that comes here by mistake must not look like a sign of life.
      if (occasion !== "heartbeat" && occasion !== "test")
        return { kind: "refused", reason: "it is a heartbeat, and takes no alerts" };
      if (status === "resolved") return { kind: "accepted" };
      const body = JSON.stringify({ type: occasion, source, timestamp: new Date(at).toISOString() });
      return post({ url: url.reveal(), headers: {}, body }, { signal, clock }, judgeStatus);
    },
  };
}
