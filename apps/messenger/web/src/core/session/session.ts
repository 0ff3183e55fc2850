import type { SignedIn } from "@rempart/messaging/contract";
import type {
  AppState,
  Me,
  PasskeyAnswer,
  SignedOutReason,
  SignInStep,
  SignUpStep,
} from "../../client/api.ts";
import { type Cell, createCell } from "../../client/cell.ts";
import { type Account, type AccountEnd, type OpenAccount, storageOf } from "../account/account.ts";
import { meOf } from "../account/me.ts";
import { CoreError, failsWith, failureCode, isTransient } from "../errors.ts";
import type { Rest, RestInput } from "../net/rest.ts";
import type { CorePorts } from "../ports.ts";
import { createSerial } from "../serial.ts";
import { type DoorCommands, doorCommands } from "./at-the-door.ts";
import { awaitFreedom, claimOwnership, type Ownership, takeOverOwnership } from "./ownership.ts";
import { createRegistry } from "./registry.ts";

export interface Session {
  readonly app: Cell<AppState>;
  /** Asks who is signed in, and opens that account; offline, the account that was signed in last. */
  start(): Promise<void>;
  signUp(input: RestInput<"signUp">["body"]): Promise<SignUpStep>;
  signIn(input: RestInput<"signIn">["body"]): Promise<SignInStep>;
  completeSignIn(input: RestInput<"completeSignIn">["body"]): Promise<void>;
  signInWithPasskey(answer: PasskeyAnswer): Promise<void>;
  signOut(options: { everywhere?: boolean; forgetDevice?: boolean }): Promise<void>;
  eraseAccount(): Promise<void>;
  takeOver(): Promise<void>;
  rename(name: string): Promise<void>;
  readonly door: DoorCommands;
  /** @throws CoreError `unauthenticated` unless the phase is `ready`. */
  account(): Account;
  close(): Promise<void>;
}

/** The phases of the application. One transition at a time: each runs after the one before has ended. */
export function createSession(ports: CorePorts, rest: Rest, openAccount: OpenAccount): Session {
  const app = createCell<AppState>({ phase: "starting" });
  const registry = createRegistry(ports);
  const serial = createSerial();
  let open: { readonly account: Account; readonly ownership: Ownership } | null = null;
  let erasing = false;
  let waiting: { readonly me: Me; readonly stop: () => void } | null = null;

  const signedOut = (reason: SignedOutReason): void => app.set({ phase: "signed-out", reason });

  const leaveAccount = (invite: boolean): void => {
    waiting?.stop();
    waiting = null;
    const leaving = open;
    open = null;
    leaving?.account.close();
    leaving?.ownership.release({ invite });
  };

  const enter = async (me: Me, claim: typeof claimOwnership): Promise<void> => {
    leaveAccount(false);
    const ownership = await claim(ports, me.id, { lost: () => void serial(() => lost(me)) });
    if (ownership === null) {
      elsewhere(me);
      return;
    }
    try {
      const account = await openAccount(me, {
        ended: (end) => void serial(() => ended(account, end)),
        changed: (now) => app.get().phase === "ready" && app.set({ phase: "ready", me: now }),
        welcomed: () => void remember(account).catch((error) => ports.report("not-remembered", error)),
      });
      open = { account, ownership };
      app.set({ phase: "ready", me: account.me() });
      account.start();
    } catch (error) {
      ownership.release({ invite: false });
      throw error;
    }
  };

  const admit = async ({ account }: Pick<SignedIn, "account">): Promise<void> => {
    const me = meOf(account, null);
    await registry.remember(me);
    await enter(me, claimOwnership);
  };

  /** The server took the account's session: it is there, whatever became of a deletion that was asked for before. */
  const remember = async (account: Account): Promise<void> => {
    if (!erasing) await registry.remember(account.me());
  };

  const elsewhere = (me: Me): void => {
    const stop = awaitFreedom(ports, me.id, () => void start());
    waiting = { me, stop };
    app.set({ phase: "elsewhere" });
  };

  const lost = async (me: Me): Promise<void> => {
    if (open === null) return;
    leaveAccount(false);
    elsewhere(me);
  };

  const ended = async (account: Account, end: AccountEnd): Promise<void> => {
    if (open?.account !== account) return;
    if (end === "device-removed") await account.erase();
    leaveAccount(end !== "fenced");
    switch (end) {
      case "fenced":
        elsewhere(account.me());
        return;
      case "storage-full":
        app.set({ phase: "failed", code: "storage-full" });
        return;
      case "device-removed":
        await rest.call("signOut", {}).catch(() => undefined);
    }
    const erased = end === "expired" && (await finishErasing());
    await registry.forget();
    signedOut(erased ? "erased-unconfirmed" : end);
  };

  /**
   * That an account is gone is not believed of the server alone, which could wipe any browser with it: only what was asked for
   * here, and not answered, is finished when the session has ended. True when it was.
   */
  const finishErasing = async (): Promise<boolean> => {
    const userId = await registry.erasing();
    if (userId !== null) await ports.deleteStorage(storageOf(userId));
    return userId !== null;
  };

  const eraseAccount = async (): Promise<void> => {
    const leaving = open?.account;
    if (leaving === undefined) throw new CoreError("unauthenticated", "Nobody is signed in here");
    await registry.startErasing(leaving.me().id);
    erasing = true;
    try {
      const { recorded } = await rest.call("eraseAccount", {});
      await leaving.erase();
      await registry.forget();
      leaveAccount(true);
      signedOut(recorded ? "erased" : "erased-unrecorded");
    } catch (error) {
      if (!isTransient(error)) await registry.remember(leaving.me());
      throw error;
    } finally {
      erasing = false;
    }
  };

  const startOffline = async (cause: unknown): Promise<void> => {
    const me = await registry.last();
    if (me === null) throw cause;
    await enter(me, claimOwnership);
  };

  const refused = async (error: unknown): Promise<void> => {
    const before = await registry.last();
    const erased = failsWith(error, "unauthenticated") && (await finishErasing());
    await registry.forget();
    const suspended = failsWith(error, "account-suspended", "account-banned");
    if (erased) signedOut("erased-unconfirmed");
    else signedOut(suspended ? "suspended" : before === null ? "none" : "expired");
  };

  const begin = async (): Promise<void> => {
    try {
      await admit(await rest.call("session", {}));
    } catch (error) {
      if (failsWith(error, "unauthenticated", "account-suspended", "account-banned")) await refused(error);
      else if (isTransient(error)) await startOffline(error);
      else throw error;
    }
  };

  const start = (): Promise<void> =>
    serial(async () => {
      leaveAccount(false);
      app.set({ phase: "starting" });
      await begin().catch((error: unknown) => {
        ports.report("start-failed", error);
        app.set({ phase: "failed", code: failureCode(error) });
      });
    });

  return {
    app,
    start,
    signUp: (body) =>
      serial(async () => {
        const answer = await rest.call("signUp", { body });
        if (answer.status === "signed-in") await admit(answer);
        return { status: answer.status };
      }),
    signIn: (body) =>
      serial(async () => {
        const answer = await rest.call("signIn", { body });
        if (answer.status === "second-factor") return answer;
        await admit(answer);
        return { status: answer.status };
      }),
    completeSignIn: (body) => serial(async () => admit(await rest.call("completeSignIn", { body }))),
    signInWithPasskey: (response) =>
      serial(async () => admit(await rest.call("passkeySignIn", { body: { response } }))),
    signOut: ({ everywhere = false, forgetDevice = false }) =>
      serial(async () => {
        const leaving = open?.account;
        if (forgetDevice) await leaving?.removeDevice();
        await endSession(rest, everywhere);
        if (forgetDevice) await leaving?.erase();
        await registry.forget();
        leaveAccount(true);
        signedOut("none");
      }),
    eraseAccount: () => serial(eraseAccount),
    takeOver: () =>
      serial(async () => {
        if (waiting === null) return;
        await enter(waiting.me, takeOverOwnership);
      }),
    async rename(name) {
      const { account } = await rest.call("updateAccount", { body: { name } });
      open?.account.became(account);
    },
    door: doorCommands(rest, async () => {
      // Also the end of this session is told that way; whatever it is, the link did its work.
      await open?.account.reload().catch(() => undefined);
    }),
    account() {
      if (open === null) throw new CoreError("unauthenticated", "Nobody is signed in here");
      return open.account;
    },
    close: () => serial(async () => leaveAccount(false)),
  };
}

/** A session that is over already is as good as ended. */
async function endSession(rest: Rest, everywhere: boolean): Promise<void> {
  try {
    await rest.call(everywhere ? "signOutEverywhere" : "signOut", {});
  } catch (error) {
    if (!failsWith(error, "unauthenticated")) throw error;
  }
}
