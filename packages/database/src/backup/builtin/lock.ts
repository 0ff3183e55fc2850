import { type Clock, fromUtf8, type Random, toHex } from "@rempart/kernel";
import { BackupError } from "../errors.ts";
import { LOCKS } from "../layout.ts";
import type { Repository } from "../ports.ts";
import { once } from "../sealed/objects.ts";

export interface LockOptions {
  readonly repository: Repository;
  readonly clock: Clock;
  readonly random: Random;
}

/** A holder that has not renewed for this long was killed. */
const STALE_MS = 5 * 60_000;
const RENEW_MS = 60_000;
const NAME = /^locks\/(\d{10})$/;

/**
 * Runs `work` while no other process works on the repository's backups. Locks are numbered, and the highest number holds: who
 * finds it stale creates the next, which only one can. Rejects with `busy`; `signal` aborts when the lock was lost meanwhile.
 */
export async function whileLocked<T>(
  options: LockOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { repository, random } = options;
  const token = toHex(random.bytes(16));
  const name = await take(options, token);
  const lost = new AbortController();
  const timer = setInterval(() => void renew(options, name, token, lost), RENEW_MS);
  try {
    return await work(lost.signal);
  } finally {
    clearInterval(timer);
    if (await holds(repository, name, token)) await release(repository, name);
  }
}

async function take({ repository, clock }: LockOptions, token: string): Promise<string> {
  const newest = await newestLock(repository);
  // From the future is stale too: somebody's clock went back.
  if (newest !== null && Math.abs(clock.now() - newest.modifiedAt) < STALE_MS) throw busy();
  const name = `${LOCKS}${String((newest?.number ?? 0) + 1).padStart(10, "0")}`;
  try {
    await repository.put(name, once(Buffer.from(token)), { ifAbsent: true });
  } catch (cause) {
    throw cause instanceof BackupError && cause.code === "object-exists" ? busy(cause) : cause;
  }
  return name;
}

async function renew(
  { repository }: LockOptions,
  name: string,
  token: string,
  lost: AbortController,
): Promise<void> {
  try {
    if (!(await holds(repository, name, token))) return lost.abort(busy());
    await repository.put(name, once(Buffer.from(token)));
  } catch {
    // Asked again a minute later; whoever takes over meanwhile is seen then.
  }
}

async function holds(repository: Repository, name: string, token: string): Promise<boolean> {
  const newest = await newestLock(repository);
  if (newest?.name !== name) return false;
  const content = await Array.fromAsync(await repository.get(name)).catch(() => []);
  return fromUtf8(Buffer.concat(content)) === token;
}

/** With those that it had taken over from. */
async function release(repository: Repository, name: string): Promise<void> {
  for await (const lock of repository.list(LOCKS)) if (lock.name <= name) await repository.delete(lock.name);
}

async function newestLock(repository: Repository) {
  const locks = (await Array.fromAsync(repository.list(LOCKS))).filter(({ name }) => NAME.test(name));
  const newest = locks.at(-1);
  if (newest === undefined) return null;
  return { ...newest, number: Number(NAME.exec(newest.name)?.[1]) };
}

function busy(cause?: unknown): BackupError {
  return new BackupError("busy", "another backup or clean-up of this repository is under way", { cause });
}
