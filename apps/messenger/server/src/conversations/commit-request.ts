import { type CommitInfo, inspectCommit, inspectGroupInfo, inspectMlsMessage } from "@rempart/messaging";
import type { CommitBody } from "@rempart/messaging/contract";
import { type Refusal, refuse } from "../refusal.ts";

export interface CommitRequest {
  readonly conversationId: string;
  readonly senderId: string;
  readonly body: CommitBody;
}

export interface Decoded {
  readonly commit: Buffer;
  readonly info: CommitInfo;
  readonly welcome: Buffer | null;
  readonly groupInfo: Buffer;
}

export interface Placed {
  readonly seq: number;
  readonly sentAt: number;
  /** False when the same request had been placed before. */
  readonly fresh: boolean;
}

/** The parts of a commit request, each well framed and agreeing with the others; what they do is judged later. */
export function decodeCommit(body: CommitBody): Decoded | Refusal {
  const commit = Buffer.from(body.commit, "base64url");
  const info = inspectCommit(commit);
  if (info === null) return refuse("malformed-mls", "commit is not a commit in a PublicMessage");
  const groupInfo = Buffer.from(body.groupInfo, "base64url");
  const about = inspectGroupInfo(groupInfo);
  if (about === null || !about.joinable) {
    return refuse("malformed-mls", "groupInfo is not a GroupInfo with ratchet tree and external key");
  }
  if (about.groupId !== info.groupId || about.epoch !== body.epoch + 1) {
    return refuse("commit-mismatch", "groupInfo is not of the epoch the commit leads to");
  }
  const welcome = body.welcome === undefined ? null : Buffer.from(body.welcome, "base64url");
  if (welcome !== null && inspectMlsMessage(welcome)?.wireFormat !== "welcome") {
    return refuse("malformed-mls", "welcome is not a Welcome");
  }
  if ((welcome !== null) !== info.added.length > 0) {
    return refuse("commit-mismatch", "a welcome comes with added devices, and only then");
  }
  return { commit, info, welcome, groupInfo };
}
