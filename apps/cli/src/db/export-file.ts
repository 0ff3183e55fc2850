import { type FileHandle, open, readFile, rename, rm, writeFile } from "node:fs/promises";
import { CliError } from "../errors.ts";

/** How far a file's export came: its bytes up to there hold every row up to the key. */
interface Mark {
  /** What is exported, and how. */
  readonly of: string;
  readonly key: string;
  readonly bytes: number;
}

/** The file of an export, and beside it, until it is whole, a note of how far it came. */
export class ExportFile {
  readonly after: string | undefined;
  readonly #path: string;
  readonly #of: string;
  readonly #file: FileHandle;
  #bytes: number;

  private constructor(path: string, of: string, file: FileHandle, mark: Mark | null) {
    this.#path = path;
    this.#of = of;
    this.#file = file;
    this.#bytes = mark?.bytes ?? 0;
    this.after = mark?.key;
  }

  /** Rejects with `not-written` when the file is there and not to be resumed, or is not the same export's to be resumed. */
  static async open(path: string, of: string, resume: boolean): Promise<ExportFile> {
    const mark = resume ? await readMark(path, of) : null;
    const file = await open(path, resume ? "r+" : "wx", 0o600).catch((cause) => {
      throw new CliError("not-written", `${path} is there already, or cannot be written`, { cause });
    });
    await file.truncate(mark?.bytes ?? 0);
    return new ExportFile(path, of, file, mark);
  }

  async write(part: Uint8Array): Promise<void> {
    // A disk that fills up takes a part of it first.
    for (let rest = part; rest.length > 0; ) {
      const { bytesWritten } = await this.#file
        .write(rest, 0, rest.length, this.#bytes)
        .catch((cause) => Promise.reject(this.#failed(cause)));
      this.#bytes += bytesWritten;
      rest = rest.subarray(bytesWritten);
    }
  }

  #failed(cause: unknown): CliError {
    const text = `${this.#path} cannot be written any further: go on with --resume when it can`;
    return new CliError("not-written", text, { cause });
  }

  /** What was written so far holds every row up to this key. */
  async mark(key: string): Promise<void> {
    await this.#file.datasync();
    const note = markOf(this.#path);
    await writeFile(`${note}.new`, JSON.stringify({ of: this.#of, key, bytes: this.#bytes } satisfies Mark), {
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

async function readMark(path: string, of: string): Promise<Mark> {
  const mark = parseMark(await readFile(markOf(path), "utf8").catch(() => ""));
  if (mark === null)
    throw new CliError("not-written", `${markOf(path)} does not say where to go on: export anew`);
  if (mark.of !== of) throw new CliError("not-written", `${path} is the export of ${mark.of}, not of ${of}`);
  return mark;
}

function parseMark(text: string): Mark | null {
  try {
    const { of, key, bytes = -1 } = JSON.parse(text) as Partial<Mark>;
    if (typeof of !== "string" || typeof key !== "string") return null;
    return Number.isSafeInteger(bytes) && bytes >= 0 ? { of, key, bytes } : null;
  } catch {
    return null;
  }
}
