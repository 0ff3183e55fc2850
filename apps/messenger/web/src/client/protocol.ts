/**
 * What passes between the page and its worker. Calls go one way, answers and changes the other. Changes are differences
 * against what was sent before, so a receipt in a long conversation costs a few items, not the whole list.
 */
import type {
  AppState,
  Connection,
  ConversationView,
  KeyAlert,
  MessengerClient,
  Timeline,
  TimelineItem,
} from "./api.ts";

type NotCommands = "app" | "connection" | "conversations" | "keyAlerts" | "timeline";
export type Commands = Omit<MessengerClient, NotCommands>;
export type CommandName = keyof Commands;

const COMMANDS: Record<CommandName, true> = {
  signUp: true,
  signIn: true,
  completeSignIn: true,
  startPasskeySecondFactor: true,
  startPasskeySignIn: true,
  signInWithPasskey: true,
  signOut: true,
  eraseAccount: true,
  takeOver: true,
  rename: true,
  requestPasswordReset: true,
  resetPassword: true,
  verifyEmail: true,
  confirmEmailChange: true,
  undoEmailChange: true,
  changePassword: true,
  changeEmail: true,
  resendVerification: true,
  stepUp: true,
  startPasskeyStepUp: true,
  factors: true,
  startTotp: true,
  confirmTotp: true,
  startPasskey: true,
  addPasskey: true,
  renamePasskey: true,
  removeFactor: true,
  replaceRecoveryCodes: true,
  searchUsers: true,
  startDirect: true,
  createGroup: true,
  addMembers: true,
  removeMember: true,
  setRole: true,
  renameGroup: true,
  leave: true,
  send: true,
  retry: true,
  discard: true,
  loadOlder: true,
  markRead: true,
  setTyping: true,
  saveDraft: true,
  devices: true,
  revokeDevice: true,
  acknowledgeDevice: true,
  trustKeyLog: true,
  sessions: true,
  revokeSession: true,
  revokeOtherSessions: true,
  safetyNumber: true,
  setVerified: true,
  reconnect: true,
};

export const COMMAND_NAMES = Object.keys(COMMANDS) as readonly CommandName[];

export type ToWorker =
  /** `id` is null when no answer is wanted. */
  | {
      readonly t: "call";
      readonly id: number | null;
      readonly name: CommandName;
      readonly args: readonly unknown[];
    }
  | { readonly t: "watch"; readonly conversationId: string };

export type FromWorker =
  | { readonly t: "answer"; readonly id: number; readonly result: unknown }
  | { readonly t: "changes"; readonly changes: Changes };

export interface Changes {
  readonly app?: AppState;
  readonly connection?: Connection;
  readonly keyAlerts?: readonly KeyAlert[];
  /** Null: not read yet, or nobody is signed in. */
  readonly conversations?: ListPatch | null;
  readonly timelines?: readonly (readonly [conversationId: string, patch: TimelinePatch])[];
}

export interface ListPatch {
  /** All ids in order; null when neither the members of the list nor their order changed. */
  readonly order: readonly string[] | null;
  readonly changed: readonly ConversationView[];
}

/** `remove` items from `at` on make room for `insert`. */
export interface TimelinePatch {
  readonly hasOlder: boolean;
  readonly loading: boolean;
  readonly at: number;
  readonly remove: number;
  readonly insert: readonly TimelineItem[];
}

export const NO_TIMELINE: Timeline = { items: [], hasOlder: false, loading: false };

/** The part of `Worker`, `MessagePort` and a worker's global scope that the protocol needs. */
export interface Port {
  postMessage(message: unknown): void;
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void;
}
