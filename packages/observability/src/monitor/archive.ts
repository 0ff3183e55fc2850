import { explain } from "@rempart/kernel";
import { HistoryFiles, type Take } from "../history/files.ts";
import type { Snapshot } from "../history/snapshot.ts";
import type { Say } from "./messages.ts";

/** Less than the five minutes for which a value stands without a newer one, so that a process that is killed leaves no gap. */
const EVERY_MS = 120_000;

/** Keeps a history for the next process. Nothing waits for it, and what goes wrong is said and harms nothing else. */
export class Archive {
  readonly #files: HistoryFiles;
  readonly #say: Say;
  #savedAt = Number.NEGATIVE_INFINITY;
  #saving: Promise<void> = Promise.resolve();
  #isBusy = false;
  #trouble = "";

  constructor(directory: string, say: Say) {
    this.#files = new HistoryFiles(directory);
    this.#say = say;
  }

  /** Null, and said why, when there is nothing to go on from. */
  async read(): Promise<Snapshot | null> {
    try {
      return await this.#files.read((error) =>
        this.#say(
          "warn",
          "the newest of the history that was kept cannot be read: it ends before",
          explain(error),
        ),
      );
    } catch (error) {
      this.#say("warn", "the history that was kept cannot be read: it starts empty", explain(error));
      await this.putAside();
      return null;
    }
  }

  /** For who was ended by it. */
  async forsake(): Promise<null> {
    this.#say("warn", "the history that was kept ended the monitor's thread: it is put aside", "");
    await this.putAside();
    return null;
  }

  /** For a person to look at, or to put back. */
  putAside(): Promise<void> {
    return this.#files.putAside().catch(() => undefined);
  }

  /** Saves in a while, when the time has come and the last time is over. */
  saveSometimes(at: number, take: Take): void {
    if (this.#isBusy || at - this.#savedAt < EVERY_MS) return;
    this.#savedAt = at;
    void this.save(at, take);
  }

  /** Resolves when it is durable, or has failed. */
  save(at: number, take: Take): Promise<void> {
    this.#saving = this.#saving.then(() => this.#save(at, take));
    return this.#saving;
  }

  async #save(at: number, take: Take): Promise<void> {
    this.#isBusy = true;
    const trouble = await this.#files.write(at, take).then(() => "", explain);
    this.#isBusy = false;
    if (trouble !== "" && this.#trouble === "") this.#say("warn", "the history is not kept", trouble);
    if (trouble === "" && this.#trouble !== "") this.#say("info", "the history is kept again", "");
    this.#trouble = trouble;
  }
}
