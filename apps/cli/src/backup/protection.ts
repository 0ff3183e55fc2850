import type { MessengerConfig } from "@rempart/messenger-server/operator";
import { table } from "../table.ts";

export interface Protection {
  /** Something is taken without anybody's doing. */
  readonly scheduled: boolean;
  /** What is, where to, and what is not. */
  readonly text: string;
}

/** What the messenger backs up by itself under this configuration. */
export function protectionOf({ backup, database }: MessengerConfig): Protection {
  const { repository, engine, scheduled, everyMs } = backup;
  if (repository === null) return { scheduled: false, text: "nothing is backed up: set BACKUP_REPOSITORY" };
  const place =
    repository.kind === "directory"
      ? `file:${repository.path}`
      : `s3://${repository.bucket}/${repository.prefix}`;
  if (!scheduled) {
    const text = `only what rempart backup takes, and the record of erasures, in ${place}: BACKUP_ENGINE is none`;
    return { scheduled, text };
  }
  const every = `every ${hoursText(everyMs)}`;
  if (engine === "dump")
    return {
      scheduled,
      text: `a dump ${every} to ${place}; what is written between two dumps is not backed up`,
    };
  const by = database.kind === "embedded" ? "" : "by pgBackRest, ";
  return { scheduled, text: `${by}every change, and a copy ${every}, to ${place}` };
}

export function protectionText(config: MessengerConfig): string {
  return table([["by itself", protectionOf(config).text]]);
}

function hoursText(ms: number): string {
  const hours = ms / 3_600_000;
  return hours < 1 ? `${Math.round(ms / 60_000)} minutes` : `${Number(hours.toFixed(1))} hours`;
}
