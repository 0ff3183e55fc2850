import type {
  AppState,
  Connection,
  ConversationView,
  KeyAlert,
  MessengerClient,
  Store,
  Timeline,
} from "./api.ts";
import { type Cell, createCell } from "./cell.ts";
import { patchList, patchTimeline } from "./patch.ts";
import { type CommandName, type FromWorker, NO_TIMELINE, type Port, type ToWorker } from "./protocol.ts";

export interface ConnectedClient extends MessengerClient {
  /** The worker died: every waiting command answers `internal`, and the state says so. */
  crashed(): void;
}

/** The page's side of the protocol: a `MessengerClient` whose stores mirror those of the worker. */
export function connectClient(port: Port): ConnectedClient {
  const app = createCell<AppState>({ phase: "starting" });
  const connection = createCell<Connection>({ status: "connecting", retryAt: null });
  const conversations = createCell<readonly ConversationView[] | null>(null);
  const keyAlerts = createCell<readonly KeyAlert[]>([]);
  const timelines = new Map<string, Cell<Timeline>>();
  const waiting = new Map<number, (result: unknown) => void>();
  let lastCall = 0;

  const post = (message: ToWorker): void => port.postMessage(message);
  const timeline = (id: string): Store<Timeline> => {
    const known = timelines.get(id);
    if (known) return known;
    const cell = createCell<Timeline>(NO_TIMELINE);
    timelines.set(id, cell);
    post({ t: "watch", conversationId: id });
    return cell;
  };

  port.addEventListener("message", ({ data }) => {
    const message = data as FromWorker;
    if (message.t === "answer") {
      waiting.get(message.id)?.(message.result);
      waiting.delete(message.id);
      return;
    }
    const changes = message.changes;
    if (changes.connection) connection.set(changes.connection);
    if (changes.keyAlerts) keyAlerts.set(changes.keyAlerts);
    if (changes.conversations !== undefined) {
      const patch = changes.conversations;
      conversations.set(patch && patchList(conversations.get() ?? [], patch));
    }
    for (const [id, patch] of changes.timelines ?? []) {
      const cell = timelines.get(id);
      cell?.set(patchTimeline(cell.get(), patch));
    }
    if (changes.app) app.set(changes.app);
  });

  const call =
    (name: CommandName) =>
    (...args: unknown[]): Promise<never> => {
      lastCall += 1;
      const id = lastCall;
      post({ t: "call", id, name, args });
      return new Promise((resolve) => waiting.set(id, resolve as (result: unknown) => void));
    };
  const tell =
    (name: CommandName) =>
    (...args: unknown[]): void =>
      post({ t: "call", id: null, name, args });

  return {
    app,
    connection,
    conversations,
    keyAlerts,
    timeline,
    signUp: call("signUp"),
    signIn: call("signIn"),
    completeSignIn: call("completeSignIn"),
    startPasskeySecondFactor: call("startPasskeySecondFactor"),
    startPasskeySignIn: call("startPasskeySignIn"),
    signInWithPasskey: call("signInWithPasskey"),
    signOut: call("signOut"),
    eraseAccount: call("eraseAccount"),
    takeOver: call("takeOver"),
    rename: call("rename"),
    requestPasswordReset: call("requestPasswordReset"),
    resetPassword: call("resetPassword"),
    verifyEmail: call("verifyEmail"),
    confirmEmailChange: call("confirmEmailChange"),
    undoEmailChange: call("undoEmailChange"),
    changePassword: call("changePassword"),
    changeEmail: call("changeEmail"),
    resendVerification: call("resendVerification"),
    stepUp: call("stepUp"),
    startPasskeyStepUp: call("startPasskeyStepUp"),
    factors: call("factors"),
    startTotp: call("startTotp"),
    confirmTotp: call("confirmTotp"),
    startPasskey: call("startPasskey"),
    addPasskey: call("addPasskey"),
    renamePasskey: call("renamePasskey"),
    removeFactor: call("removeFactor"),
    replaceRecoveryCodes: call("replaceRecoveryCodes"),
    searchUsers: call("searchUsers"),
    startDirect: call("startDirect"),
    createGroup: call("createGroup"),
    addMembers: call("addMembers"),
    removeMember: call("removeMember"),
    setRole: call("setRole"),
    renameGroup: call("renameGroup"),
    leave: call("leave"),
    send: call("send"),
    retry: call("retry"),
    discard: call("discard"),
    loadOlder: call("loadOlder"),
    markRead: tell("markRead"),
    setTyping: tell("setTyping"),
    saveDraft: tell("saveDraft"),
    devices: call("devices"),
    revokeDevice: call("revokeDevice"),
    acknowledgeDevice: call("acknowledgeDevice"),
    trustKeyLog: call("trustKeyLog"),
    sessions: call("sessions"),
    revokeSession: call("revokeSession"),
    revokeOtherSessions: call("revokeOtherSessions"),
    safetyNumber: call("safetyNumber"),
    setVerified: call("setVerified"),
    reconnect: tell("reconnect"),
    crashed() {
      for (const resolve of waiting.values()) resolve({ ok: false, code: "internal" });
      waiting.clear();
      app.set({ phase: "failed", code: "internal" });
    },
  };
}
