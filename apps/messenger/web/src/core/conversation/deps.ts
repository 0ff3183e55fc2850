import type { ClientFrame, Conversation } from "@rempart/messaging/contract";
import type { Mls } from "../mls/mls.ts";
import type { Rest } from "../net/rest.ts";
import type { Directory } from "../people/directory.ts";
import type { CorePorts } from "../ports.ts";
import type { Vault } from "../storage/vault.ts";

/** What every part of a conversation works with. */
export interface ConversationDeps {
  readonly ports: Pick<CorePorts, "clock" | "timers" | "random" | "report">;
  readonly rest: Rest;
  readonly vault: Vault;
  readonly mls: Mls;
  readonly directory: Directory;
  readonly myId: string;
  readonly myDeviceId: string;
  readonly newId: () => string;
  /** False when there is no connection; the frame is then dropped. */
  send(frame: ClientFrame): boolean;
  online(): boolean;
  /** Background work failed; the account decides whether that ends it. */
  failed(error: unknown): void;
  /** To be told to the server soon, together with others. */
  reportReceipt(conversationId: string, marks: ReceiptMarks): void;
}

export type ServerConversation = Conversation;

export interface ReceiptMarks {
  readonly delivered: number | undefined;
  readonly read: number | undefined;
}
