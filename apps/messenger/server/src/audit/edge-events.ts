import type { AuditEvent } from "@rempart/audit";
import type { DetectorEvent, Observer, Outcome } from "@rempart/edge";
import type { Clock } from "@rempart/kernel";
import type { RefusedRequest } from "../http/admin/api.ts";
import type { BackgroundRecorder } from "./background-recorder.ts";
import { PerMinute } from "./per-minute.ts";

/** What the edges tell the audit log. Nothing here waits or throws. */
export interface EdgeEvents {
  /** Of the public edge: refusals of banned networks. */
  readonly public: Observer;
  /** Of the administration edge: refusals of nobody known. */
  readonly administration: Observer;
  /** Somebody known asked for what they may not do. */
  denied(userId: string, refused: RefusedRequest): void;
  /** Of the public edge's detector. */
  detected(event: DetectorEvent): void;
  /** A user did more than a policy lets through. */
  limited(userId: string, policy: string): void;
  /** Every request of a listener, for installations that keep all of them. */
  readonly requests: Observer;
}

/** One certain attack; what weighs less is not for a log that answers with bans. */
const ATTACK_SCORE = 5;
const ATTACKS_A_MINUTE = 6;
const DENIALS_A_MINUTE = 30;

export function createEdgeEvents(recorder: Pick<BackgroundRecorder, "add">, clock: Clock): EdgeEvents {
  const [banned, limited] = [new PerMinute(clock, 1), new PerMinute(clock, 1)];
  const attacks = new PerMinute(clock, ATTACKS_A_MINUTE);
  const denials = new PerMinute(clock, DENIALS_A_MINUTE);
  return {
    public: {
      settled(outcome) {
        if (outcome.code === "banned" && banned.admits(outcome.address))
          recorder.add(requestOf("edge.banned", outcome));
      },
    },
    administration: {
      settled(outcome) {
        const unknown = outcome.status === 401 || (outcome.status === 403 && outcome.verdict === "reject");
        if (unknown && denials.admits(outcome.address)) recorder.add(requestOf("access.denied", outcome));
      },
    },
    denied(userId, { address, ...request }) {
      if (!denials.admits(userId)) return;
      const actor = { userId, address };
      recorder.add({ type: "access.denied", actor, request: { ...request, status: 403, success: false } });
    },
    detected(event) {
      if (event.score >= ATTACK_SCORE && attacks.admits(event.address)) recorder.add(attackOf(event));
    },
    limited(userId, policy) {
      if (limited.admits(`${policy} ${userId}`)) recorder.add(limitOf(userId, policy));
    },
    requests: { settled: (outcome) => recorder.add(requestOf("access.request", outcome)) },
  };
}

function requestOf(
  type: "edge.banned" | "access.denied" | "access.request",
  { requestId, method, path, status, address, code }: Outcome,
): AuditEvent {
  return {
    type,
    actor: { address },
    request: { id: requestId, method, path, status, success: status < 400 },
    ...(code === null ? {} : { security: { reason: code } }),
  };
}

function attackOf({ requestId, address, score, findings, blocked }: DetectorEvent): AuditEvent {
  const found = findings.map(({ family, place, reason, evidence }) => ({ family, place, reason, evidence }));
  return {
    type: "edge.attack",
    actor: { address },
    resource: { type: "request", id: requestId, metadata: { blocked, findings: found } },
    security: { score, reason: findings.map(({ family }) => family).join(", ") },
  };
}

function limitOf(userId: string, policy: string): AuditEvent {
  return { type: "edge.limited", actor: { userId }, security: { limit: policy, reason: "rate-limited" } };
}
