/**
 * A history in a directory, as two files: a whole snapshot, written seldom, and the rest since then, written often. Each is written
 * beside its place, flushed, and moved into it: a process that is killed leaves the one before.
 */
import { randomUUID } from "node:crypto";
import { mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { ObservabilityError } from "../errors.ts";
import { type KeptSeries, seriesKey } from "./history.ts";
import { decodeSnapshot, encodeSnapshot, MAX_SNAPSHOT_BYTES, type Snapshot } from "./snapshot.ts";

/** So long, in milliseconds, the rest may grow. A quarter of a day's samples are written with it at most. */
const WHOLE_EVERY_MS = 7_200_000;

/** Gives what there is at `from` and later. */
export type Take = (from: number) => Omit<Snapshot, "id" | "follows" | "at">;

export class HistoryFiles {
  readonly #directory: string;
  readonly #whole: string;
  readonly #rest: string;
  #last: Pick<Snapshot, "id" | "at"> | null = null;

  constructor(directory: string) {
    this.#directory = directory;
    this.#whole = join(directory, "whole");
    this.#rest = join(directory, "rest");
  }

  /**
   * Null: nothing is kept. A rest that cannot be read is told, and left out. Throws ObservabilityError `history-unreadable`, or what
   * the file system says.
   */
  async read(onLostRest: (error: unknown) => void = () => {}): Promise<Snapshot | null> {
    const whole = await readSnapshot(this.#whole);
    if (whole === null) return null;
    const rest = await readSnapshot(this.#rest).catch((error: unknown) => {
      onLostRest(error);
      return null;
    });
    // One of before the whole one, when a process ended between the two.
    return rest?.follows === whole.id ? joined(whole, rest) : whole;
  }

  /** What is not taken up stays to be looked at, in the place of what was not before. */
  async putAside(): Promise<void> {
    const aside = `${this.#directory}.aside`;
    this.#last = null;
    await rm(aside, { recursive: true, force: true });
    await rename(this.#directory, aside);
  }

  /** One call at a time. `take` is called before anything is waited for. */
  async write(at: number, take: Take): Promise<void> {
    const last = this.#last;
    const id = randomUUID();
    if (last !== null && at - last.at < WHOLE_EVERY_MS) {
      await this.#replace(this.#rest, encodeSnapshot({ id, follows: last.id, at, ...take(last.at) }));
      return;
    }
    // Until it is there, nothing can follow it.
    this.#last = null;
    await this.#replace(
      this.#whole,
      encodeSnapshot({ id, follows: null, at, ...take(Number.NEGATIVE_INFINITY) }),
    );
    this.#last = { id, at };
  }

  async #replace(file: string, content: Uint8Array): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const beside = `${file}.new`;
    try {
      await writeDurably(beside, content);
      await rename(beside, file);
    } catch (error) {
      // A disk that is full has others who need the room.
      await rm(beside, { force: true });
      throw error;
    }
    // A name is durable once its folder is.
    await using folder = await open(this.#directory, "r");
    await folder.sync();
  }
}

async function writeDurably(file: string, content: Uint8Array): Promise<void> {
  await using handle = await open(file, "w", 0o600);
  await handle.writeFile(content);
  await handle.sync();
}

async function readSnapshot(file: string): Promise<Snapshot | null> {
  const size = (await stat(file).catch(nullIfMissing))?.size;
  if (size === undefined) return null;
  if (size > MAX_SNAPSHOT_BYTES)
    throw new ObservabilityError(
      "history-unreadable",
      `${file}: it is larger than ${MAX_SNAPSHOT_BYTES} bytes`,
    );
  try {
    return decodeSnapshot(await readFile(file));
  } catch (cause) {
    throw new ObservabilityError("history-unreadable", file, { cause });
  }
}

function nullIfMissing(error: NodeJS.ErrnoException): null {
  if (error.code === "ENOENT" || error.code === "ENOTDIR") return null;
  throw error;
}

function joined(whole: Snapshot, rest: Snapshot): Snapshot {
  return {
    ...rest,
    samples: joinedSeries(whole.samples, rest.samples),
    steps: joinedSeries(whole.steps, rest.steps),
  };
}

/** A chunk that grew since is in both. */
function joinedSeries(whole: readonly KeptSeries[], rest: readonly KeptSeries[]): KeptSeries[] {
  const series = new Map(whole.map((one) => [seriesKey(one.name, one.labels), one]));
  for (const { name, labels, chunks } of rest) {
    const key = seriesKey(name, labels);
    const from = chunks[0]?.firstAt ?? Number.POSITIVE_INFINITY;
    const before = (series.get(key)?.chunks ?? []).filter(({ lastAt }) => lastAt < from);
    series.set(key, { name, labels, chunks: [...before, ...chunks] });
  }
  return [...series.values()];
}
