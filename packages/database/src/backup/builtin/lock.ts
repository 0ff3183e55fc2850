import { hostname } from "node:os";
import { type Clock, hasCode, type Random, toHex } from "@rempart/kernel";
import { isAlive } from "../../embedded/processes.ts";
import { BackupError } from "../errors.ts";
import { LOCKS } from "../layout.ts";
import type { ObjectInfo, Repository } from "../ports.ts";
import { once } from "../sealed/objects.ts";

export interface LockOptions {
  readonly repository: Repository;
  readonly clock: Clock;
  readonly random: Random;
  /** What is locked: the repository's backups, or the turn at a duty that several processes share. */
  readonly folder?: string;
}

/** A holder that has not renewed for this long was killed. One of this machine is looked for instead. */
const STALE_MS = 5 * 60_000;
const RENEW_MS = 60_000;
const MAX_BYTES = 4_096;
const DIGITS = 10;
const NUMBER = /^\d{10}$/;

/**
 * Runs `work` while no other process works on the repository's backups. Locks are numbered, and the highest number holds: who
 * finds it stale creates the next, which only one can. Rejects with `busy`; `signal` aborts when the lock was lost meanwhile.
 */
export async function whileLocked<T>(
  options: LockOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { repository, random, folder = LOCKS } = options;
  const holder: Holder = { token: toHex(random.bytes(16)), host: hostname(), pid: process.pid };
  const place: Place = { repository, folder };
  const name = await take(place, options.clock, holder);
  const lost = new AbortController();
  const timer = setInterval(() => void renew(place, name, holder, lost), RENEW_MS);
  try {
    return await work(lost.signal);
  } finally {
    clearInterval(timer);
    if (await holds(place, name, holder)) await release(place, name);
  }
}

/** What a lock says of who holds it. Anybody who can write there can write anything: it keeps us apart, and nobody out. */
interface Holder {
  readonly token: string;
  readonly host: string;
  readonly pid: number;
}

interface Place {
  readonly repository: Repository;
  readonly folder: string;
}

async function take(place: Place, clock: Clock, holder: Holder): Promise<string> {
  const { repository, folder } = place;
  const newest = await newestLock(place);
  if (newest !== null && !(await isAbandoned(repository, newest, clock))) throw busy();
  const name = folder + String((newest?.number ?? 0) + 1).padStart(DIGITS, "0");
  try {
    await repository.put(name, once(textOf(holder)), { ifAbsent: true });
  } catch (cause) {
    throw cause instanceof BackupError && cause.code === "object-exists" ? busy(cause) : cause;
  }
  return name;
}

async function isAbandoned(repository: Repository, lock: ObjectInfo, clock: Clock): Promise<boolean> {
  const { host, pid } = await holderOf(repository, lock.name);
  if (host === hostname() && typeof pid === "number") return pid !== process.pid && !isAlive(pid);
  // From the future is stale too: somebody's clock went back.
  return Math.abs(clock.now() - lock.modifiedAt) >= STALE_MS;
}

async function renew(place: Place, name: string, holder: Holder, lost: AbortController): Promise<void> {
  try {
    if (!(await holds(place, name, holder))) return lost.abort(busy());
    await place.repository.put(name, once(textOf(holder)));
  } catch {
    // Asked again a minute later; whoever takes over meanwhile is seen then.
  }
}

async function holds(place: Place, name: string, { token }: Holder): Promise<boolean> {
  const newest = await newestLock(place);
  return newest?.name === name && (await holderOf(place.repository, name)).token === token;
}

/** Nothing of what is not a holder's. */
async function holderOf(repository: Repository, name: string): Promise<Partial<Holder>> {
  try {
    const content = Buffer.concat(await Array.fromAsync(await repository.get(name, { to: MAX_BYTES })));
    const holder: unknown = JSON.parse(content.toString());
    return typeof holder === "object" && holder !== null ? holder : {};
  } catch (error) {
    if (error instanceof SyntaxError || hasCode(error, "object-missing")) return {};
    throw error;
  }
}

function textOf(holder: Holder): Buffer {
  return Buffer.from(JSON.stringify(holder));
}

/** With those that it had taken over from. */
async function release({ repository, folder }: Place, name: string): Promise<void> {
  for await (const lock of repository.list(folder)) if (lock.name <= name) await repository.delete(lock.name);
}

async function newestLock({ repository, folder }: Place) {
  const numberOf = ({ name }: ObjectInfo): string => name.slice(folder.length);
  const locks = (await Array.fromAsync(repository.list(folder))).filter((lock) =>
    NUMBER.test(numberOf(lock)),
  );
  const newest = locks.at(-1);
  return newest === undefined ? null : { ...newest, number: Number(numberOf(newest)) };
}

function busy(cause?: unknown): BackupError {
  return new BackupError("busy", "another backup or clean-up of this repository is under way", { cause });
}
