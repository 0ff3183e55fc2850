import { setTimeout as sleep } from "node:timers/promises";
import { type Clock, explain, type Random, systemClock, systemRandom, toBase64Url } from "@rempart/kernel";
import { Secret } from "@rempart/runtime";
import { KeysError } from "../../errors.ts";
import type { Queryable, Rotatable } from "../ports.ts";
import type { KeyVersion } from "../versions.ts";
import {
  dropLogin,
  endLogin,
  groupOf,
  type Login,
  loginsOf,
  nextLogin,
  numberOf,
  putLogin,
  sessionsOf,
} from "./logins.ts";
import { scramVerifier } from "./scram.ts";

/** Where the application finds the address of its database, password included. */
export interface CredentialStore {
  read(): Promise<Secret>;
  /** Resolves when every process that reads from now on gets the new address, also after a crash of this one. */
  write(url: Secret): Promise<void>;
}

export interface DatabaseRotationOptions {
  /** Runs `work` on one connection of a superuser, or of a role that may make roles and grant the application's. */
  readonly admin: <T>(work: (session: Queryable) => Promise<T>) => Promise<T>;
  readonly credentials: CredentialStore;
  /** Opens one connection with the new address, runs `work` and closes it: the proof before anything is switched. */
  readonly connect: <T>(url: Secret, work: (session: Queryable) => Promise<T>) => Promise<T>;
  /**
   * Milliseconds in which every process is sure to have the new address, counted from the making of the login; 10 minutes unless told: twice the
   * time a secret is remembered.
   */
  readonly graceMs?: number;
  /** Milliseconds `rotate` waits for the old login to fall out of use; 15 minutes unless told. */
  readonly drainMs?: number;
  readonly observe?: (step: RotationStep) => void;
  readonly clock?: Clock;
  readonly random?: Random;
}

export type RotationStep =
  | { readonly step: "made" | "proved" | "published" | "ended" | "dropped"; readonly login: string }
  | { readonly step: "waiting"; readonly login: string; readonly sessions: number };

export type RotationOutcome =
  | { readonly state: "done"; readonly login: string }
  /** The new login is in use, and an old one still is, too: run it again to finish. */
  | { readonly state: "overlap"; readonly login: string; readonly old: string; readonly sessions: number };

export interface DatabaseRotation extends Rotatable {
  readonly purpose: "database";
  /**
   * Makes a login, proves and publishes it, waits until the old one is out of use, and drops that. What an earlier run began and did not
   * finish is finished instead. Rejects with `rotation-busy` while another process does it.
   */
  run(): Promise<RotationOutcome>;
}

const GRACE_MS = 10 * 60_000;
const DRAIN_MS = 15 * 60_000;
const POLL_MS = 250;

interface Situation {
  readonly url: URL;
  readonly current: string;
  readonly group: string;
  readonly logins: readonly Login[];
}

/**
 * Rotates the password of the application's database login without a failed request. The state of a rotation is in the
 * server's catalogue and in the published address alone, so it may be cut short anywhere and taken up anywhere.
 */
export function databaseRotation(options: DatabaseRotationOptions): DatabaseRotation {
  const { admin, credentials, connect, observe = () => {} } = options;
  const { graceMs = GRACE_MS, drainMs = DRAIN_MS, clock = systemClock, random = systemRandom } = options;

  async function look(session: Queryable): Promise<Situation> {
    // The error of `new URL` would carry the text, and the password in it, into a log.
    const url = URL.parse((await credentials.read()).reveal());
    if (url === null)
      throw new KeysError("rotation-refused", "the published address of the database is not a URL");
    const current = decodeURIComponent(url.username);
    const group = await groupOf(session, current);
    return { url, current, group, logins: await loginsOf(session, group) };
  }

  async function introduce(session: Queryable, { url, current, group }: Situation): Promise<string> {
    const login = nextLogin(group, current);
    const password = toBase64Url(random.bytes(32));
    const verifier = await scramVerifier(password, random.bytes(16));
    await putLogin(session, { group, login, verifier, now: clock.now() });
    observe({ step: "made", login });
    const address = new Secret(withCredentials(url, login, password));
    await prove(address, login, group);
    observe({ step: "proved", login });
    await credentials.write(address);
    observe({ step: "published", login });
    return login;
  }

  async function prove(address: Secret, login: string, group: string): Promise<void> {
    const who = await connect(address, async (session) => {
      const [row] = await session.query<{ login: string; role: string }>(
        "SELECT session_user::text AS login, current_user::text AS role",
      );
      return row;
    });
    if (who?.login !== login || who.role !== group)
      throw new KeysError("rotation-failed", `the new login ${login} does not act as ${group}`);
  }

  async function finish(
    session: Queryable,
    { group, logins }: Situation,
    active: string,
  ): Promise<RotationOutcome> {
    const deadline = clock.monotonic() + drainMs;
    const readyAt = (logins.find(({ name }) => name === active)?.createdAt ?? clock.now()) + graceMs;
    for (const { name } of unfinished(logins, group, active)) {
      const sessions = await untilUnused(session, name, readyAt, deadline);
      if (sessions !== null) return { state: "overlap", login: active, old: name, sessions };
      await endLogin(session, name);
      observe({ step: "ended", login: name });
      // Who signed in just before the end is still there.
      const latecomers = await untilUnused(session, name, readyAt, deadline);
      if (latecomers !== null) return { state: "overlap", login: active, old: name, sessions: latecomers };
      if (name === group) continue;
      await dropLogin(session, name);
      observe({ step: "dropped", login: name });
    }
    return { state: "done", login: active };
  }

  /** Null when nobody uses the login any more and nobody can be about to; else the sessions left when the time was up. */
  async function untilUnused(
    session: Queryable,
    login: string,
    readyAt: number,
    deadline: number,
  ): Promise<number | null> {
    for (;;) {
      const sessions = await sessionsOf(session, login);
      if (sessions === 0 && clock.now() >= readyAt) return null;
      if (clock.monotonic() >= deadline) return sessions;
      observe({ step: "waiting", login, sessions });
      await sleep(POLL_MS);
    }
  }

  function run(): Promise<RotationOutcome> {
    return admin((session) =>
      alone(session, async () => {
        const before = await look(session);
        if (unfinished(before.logins, before.group, before.current).length > 0)
          return finish(session, before, before.current);
        const login = await introduce(session, before);
        return finish(session, { ...before, logins: await loginsOf(session, before.group) }, login);
      }),
    );
  }

  /** For the operator's own decision: no session is waited for. */
  function onOldLogin(id: string, step: (session: Queryable, login: string) => Promise<void>): Promise<void> {
    return admin((session) =>
      alone(session, async () => {
        const { current, logins } = await look(session);
        const isOld = logins.some(({ name }) => name === id && numberOf(name) < numberOf(current));
        if (!isOld) throw new KeysError("rotation-refused", `${id} is no old login of this database`);
        await step(session, id);
      }),
    );
  }

  return {
    purpose: "database",
    run,
    rotate: async () => (await run()).login,
    versions: () => admin(async (session) => versionsOf(await look(session))),
    retire: (id) => onOldLogin(id, endLogin),
    destroy: (id) =>
      onOldLogin(id, async (session, login) => {
        const { group } = await look(session);
        if (login === group)
          throw new KeysError("rotation-refused", `${group} owns the tables: it is never dropped`);
        await dropLogin(session, login);
      }),
  };
}

/** Logins of before `active` that a finished rotation would have removed. */
function unfinished(logins: readonly Login[], group: string, active: string): Login[] {
  const isLeft = ({ name, canLogin }: Login): boolean => (name === group ? canLogin : true);
  return logins.filter((login) => numberOf(login.name) < numberOf(active) && isLeft(login));
}

/** How old the first login is nobody knows: it counts as made at the epoch, and so as due. */
function versionsOf({ logins, current }: Situation): KeyVersion[] {
  const isShown = ({ name, canLogin }: Login): boolean => canLogin && numberOf(name) <= numberOf(current);
  return logins.filter(isShown).map(({ name, createdAt }, i, shown) => ({
    id: name,
    createdAt: createdAt ?? 0,
    activeFrom: createdAt ?? 0,
    activeUntil: name === current ? null : (shown[i + 1]?.createdAt ?? 0),
    acceptedUntil: null,
    destroyedAt: null,
  }));
}

function withCredentials(url: URL, login: string, password: string): string {
  const changed = new URL(url);
  changed.username = login;
  changed.password = password;
  return changed.href;
}

/** Session-level, so a process that dies holds nobody up. The number is of this purpose alone. */
const LOCK = 7_236_118_204;

async function alone<T>(session: Queryable, work: () => Promise<T>): Promise<T> {
  const [row] = await session.query<{ held: boolean }>(`SELECT pg_try_advisory_lock(${LOCK}) AS held`);
  if (row?.held !== true)
    throw new KeysError("rotation-busy", "another process rotates the database password");
  try {
    return await work();
  } catch (error) {
    if (error instanceof KeysError) throw error;
    throw new KeysError("rotation-failed", `the rotation stopped: ${explain(error)}`, { cause: error });
  } finally {
    await session.query(`SELECT pg_advisory_unlock(${LOCK})`).catch(() => {});
  }
}
