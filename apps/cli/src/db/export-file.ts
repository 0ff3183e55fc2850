import { type FileHandle, open, readFile, rename, rm, writeFile } from "node:fs/promises";
import { CliError } from "../errors.ts";

/** How far a file's export came: its bytes up to there hold every row up to the key. */
interface Mark {
  readonly key: string;
  readonly bytes: number;
}

/** The file of an export, and beside it, until it is whole, a note of how far it came. */
export class ExportFile {
  readonly after: string | undefined;
  readonly #path: string;
  readonly #file: FileHandle;
  #bytes: number;

  private constructor(path: string, file: FileHandle, mark: Mark | null) {
    this.#path = path;
    this.#file = file;
    this.#bytes = mark?.bytes ?? 0;
    this.after = mark?.key;
  }

  /** Rejects with `not-written` when the file is there and not to be resumed, or cannot be resumed. */
  static async open(path: string, resume: boolean): Promise<ExportFile> {
    const mark = resume ? await readMark(path) : null;
    const file = await open(path, resume ? "r+" : "wx", 0o600).catch((cause) => {
      throw new CliError("not-written", `${path} is there already, or cannot be written`, { cause });
    });
    await file.truncate(mark?.bytes ?? 0);
    return new ExportFile(path, file, mark);
  }

  async write(part: Uint8Array): Promise<void> {
    await this.#file.write(part, 0, part.length, this.#bytes);
    this.#bytes += part.length;
  }

  /** What was written so far holds every row up to this key. */
  async mark(key: string): Promise<void> {
    await this.#file.datasync();
    const note = markOf(this.#path);
    await writeFile(`${note}.new`, JSON.stringify({ key, bytes: this.#bytes } satisfies Mark), {
      mode: 0o600,
    });
    await rename(`${note}.new`, note);
  }

  /** The file is whole. */
  async finish(): Promise<void> {
    await this.#file.sync();
    await rm(markOf(this.#path), { force: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#file.close();
  }
}

const markOf = (path: string): string => `${path}.resume`;

async function readMark(path: string): Promise<Mark> {
  try {
    const { key, bytes } = JSON.parse(await readFile(markOf(path), "utf8")) as Partial<Mark>;
    if (typeof key === "string" && Number.isSafeInteger(bytes) && (bytes as number) >= 0)
      return { key, bytes: bytes as number };
  } catch {
    // Told below: there is nothing to go on from.
  }
  throw new CliError("not-written", `${markOf(path)} does not say where to go on: export anew`);
}
