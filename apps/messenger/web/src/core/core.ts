import type {
  Connection,
  ConversationView,
  FailureCode,
  KeyAlert,
  MessengerClient,
  Result,
} from "../client/api.ts";
import { createCell } from "../client/cell.ts";
import { accountOpener } from "./account/account.ts";
import type { AccountCommands } from "./account/commands.ts";
import { CoreError, failureCode } from "./errors.ts";
import { createRest } from "./net/rest.ts";
import type { CorePorts } from "./ports.ts";
import { createSession } from "./session/session.ts";
import { createTimelineStores } from "./views/timelines.ts";

/** The messenger without screens. */
export interface Core extends MessengerClient {
  /** Asks who is signed in and opens that account. Call it once, after subscribing. */
  start(): Promise<void>;
  /** Lets go of the account, its connection and its storage. */
  close(): Promise<void>;
}

export function createCore(ports: CorePorts): Core {
  const stores = {
    connection: createCell<Connection>({ status: "connecting", retryAt: null }),
    conversations: createCell<readonly ConversationView[] | null>(null),
    keyAlerts: createCell<readonly KeyAlert[]>([]),
    timelines: createTimelineStores(),
  };
  const rest = createRest(ports);
  const session = createSession(ports, rest, accountOpener(ports, rest, stores));

  const attempt = async <T>(work: () => Promise<T>): Promise<Result<T>> => {
    try {
      return { ok: true, value: await work() };
    } catch (error) {
      const code = failureCode(error);
      if (code === "internal") ports.report("command-failed", error);
      return failure(code, error);
    }
  };
  const { door } = session;
  const account = (): AccountCommands => session.account().commands;
  const tell = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      ports.report("command-ignored", error);
    }
  };

  return {
    app: session.app,
    connection: stores.connection,
    conversations: stores.conversations,
    keyAlerts: stores.keyAlerts,
    timeline: stores.timelines.get,
    start: session.start,
    close: session.close,
    signUp: (input) => attempt(() => session.signUp(input)),
    signIn: (input) => attempt(() => session.signIn(input)),
    completeSignIn: (input) => attempt(() => session.completeSignIn(input)),
    startPasskeySecondFactor: (challenge) => attempt(() => door.startPasskeySecondFactor(challenge)),
    startPasskeySignIn: () => attempt(door.startPasskeySignIn),
    signInWithPasskey: (answer) => attempt(() => session.signInWithPasskey(answer)),
    signOut: (options) => attempt(() => session.signOut(options)),
    eraseAccount: () => attempt(session.eraseAccount),
    takeOver: () => attempt(session.takeOver),
    rename: (name) => attempt(() => session.rename(name)),
    requestPasswordReset: (email) => attempt(() => door.requestPasswordReset(email)),
    resetPassword: (input) => attempt(() => door.resetPassword(input)),
    verifyEmail: (token) => attempt(() => door.verifyEmail(token)),
    confirmEmailChange: (token) => attempt(() => door.confirmEmailChange(token)),
    undoEmailChange: (token) => attempt(() => door.undoEmailChange(token)),
    changePassword: (input) => attempt(async () => account().changePassword(input)),
    changeEmail: (email) => attempt(async () => account().changeEmail(email)),
    resendVerification: () => attempt(async () => account().resendVerification()),
    stepUp: (proof) => attempt(async () => account().stepUp(proof)),
    startPasskeyStepUp: () => attempt(async () => account().startPasskeyStepUp()),
    factors: () => attempt(async () => account().factors()),
    startTotp: () => attempt(async () => account().startTotp()),
    confirmTotp: (code) => attempt(async () => account().confirmTotp(code)),
    startPasskey: () => attempt(async () => account().startPasskey()),
    addPasskey: (input) => attempt(async () => account().addPasskey(input)),
    renamePasskey: (id, name) => attempt(async () => account().renamePasskey(id, name)),
    removeFactor: (id) => attempt(async () => account().removeFactor(id)),
    replaceRecoveryCodes: () => attempt(async () => account().replaceRecoveryCodes()),
    searchUsers: (query) => attempt(async () => account().searchUsers(query)),
    startDirect: (userId) => attempt(async () => account().startDirect(userId)),
    createGroup: (input) => attempt(async () => account().createGroup(input)),
    addMembers: (id, userIds) => attempt(async () => account().addMembers(id, userIds)),
    removeMember: (id, userId) => attempt(async () => account().removeMember(id, userId)),
    setRole: (id, userId, role) => attempt(async () => account().setRole(id, userId, role)),
    renameGroup: (id, title) => attempt(async () => account().renameGroup(id, title)),
    leave: (id) => attempt(async () => account().leave(id)),
    send: (id, text) => attempt(async () => account().send(id, text)),
    retry: (id, messageId) => attempt(async () => account().retry(id, messageId)),
    discard: (id, messageId) => attempt(async () => account().discard(id, messageId)),
    loadOlder: (id) => attempt(async () => account().loadOlder(id)),
    markRead: (id, seq) => tell(() => account().markRead(id, seq)),
    setTyping: (id, on) => tell(() => account().setTyping(id, on)),
    saveDraft: (id, text) => tell(() => account().saveDraft(id, text)),
    devices: () => attempt(async () => account().devices()),
    revokeDevice: (deviceId) => attempt(async () => account().revokeDevice(deviceId)),
    acknowledgeDevice: (deviceId) => attempt(async () => account().acknowledgeDevice(deviceId)),
    trustKeyLog: () => attempt(async () => account().trustKeyLog()),
    sessions: () => attempt(async () => account().sessions()),
    revokeSession: (sessionId) => attempt(async () => account().revokeSession(sessionId)),
    revokeOtherSessions: () => attempt(async () => account().revokeOtherSessions()),
    safetyNumber: (userId) => attempt(async () => account().safetyNumber(userId)),
    setVerified: (userId, verified) => attempt(async () => account().setVerified(userId, verified)),
    reconnect: () => tell(() => account().reconnect()),
  };
}

function failure(code: FailureCode, error: unknown): Extract<Result, { ok: false }> {
  const seconds = error instanceof CoreError ? error.retryAfterSeconds : undefined;
  return { ok: false, code, ...(seconds !== undefined && { retryAfterSeconds: seconds }) };
}
