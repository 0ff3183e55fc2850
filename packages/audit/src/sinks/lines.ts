import { once } from "node:events";
import { type FileHandle, open } from "node:fs/promises";
import type { Writable } from "node:stream";
import { visible } from "@rempart/kernel/masking";
import { canonical } from "../entry/canonical.ts";
import type { AuditRecord } from "../reading/record.ts";
import type { Sink } from "./sink.ts";

/** An entry as one line of JSON, its time as ISO 8601. */
export function jsonLine({ time, ...record }: AuditRecord): string {
  return `${canonical({ ...record, time: new Date(time).toISOString() })}\n`;
}

/** An entry as a person reads it. */
export function readableLine({ time, label, severity, address, subject, body }: AuditRecord): string {
  const who = [subject, address].filter((part) => part !== null).join(" ");
  const words = [
    new Date(time).toISOString(),
    (severity ?? "?").toUpperCase().padEnd(8),
    label,
    who,
    canonical(body),
  ];
  return `${visible(words.filter((word) => word !== "").join("  "))}\n`;
}

/** Lines on a stream, such as standard output. `readable` for a developer's terminal. */
export function streamSink(name: string, stream: Writable, readable = false): Sink {
  const line = readable ? readableLine : jsonLine;
  return {
    name,
    async write(records, signal) {
      if (stream.destroyed) throw new Error("the stream is closed");
      if (!stream.write(records.map(line).join(""))) await once(stream, "drain", { signal });
    },
  };
}

/** JSON lines appended to a file of mode 0600; on disk before a write counts. Opened anew after each failure. */
export function fileSink(name: string, path: string): Sink {
  let file: FileHandle | null = null;
  const close = async (): Promise<void> => {
    const open = file;
    file = null;
    await open?.close();
  };
  return {
    name,
    async write(records) {
      file ??= await open(path, "a", 0o600);
      try {
        await file.appendFile(records.map(jsonLine).join(""));
        await file.datasync();
      } catch (error) {
        await close().catch(() => undefined);
        throw error;
      }
    },
    close,
  };
}
