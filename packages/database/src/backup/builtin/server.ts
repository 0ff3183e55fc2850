import type { Queryable } from "../../pool/ports.ts";
import { BackupError } from "../errors.ts";
import { identityOf } from "./data-files.ts";

/** What a backup must know of the server before it begins. */
export interface ServerFacts {
  readonly systemIdentifier: string;
  /** Such as `18.4`. */
  readonly version: string;
  readonly segmentBytes: number;
  /** Whether its pages carry checksums. */
  readonly summed: boolean;
  /** An estimate: what the databases take. */
  readonly bytes: number;
}

interface Row {
  id: string;
  version: number;
  segment: string;
  summed: boolean;
  archive: string;
  bytes: number;
  recovering: boolean;
}

const MIN_VERSION = 150_000;

/** Throws `server-refused` for a server that this engine cannot back up from this directory, and says why. */
export async function inspectServer(session: Queryable, dataDirectory: string): Promise<ServerFacts> {
  const [row] = await session.query<Row>(
    `SELECT (SELECT system_identifier::text FROM pg_control_system()) AS id,
       current_setting('server_version_num')::int AS version,
       (SELECT setting FROM pg_settings WHERE name = 'wal_segment_size') AS segment,
       current_setting('data_checksums') = 'on' AS summed, current_setting('archive_mode') AS archive, pg_is_in_recovery() AS recovering,
       (SELECT sum(pg_database_size(oid))::bigint FROM pg_database) AS bytes`,
  );
  if (row === undefined) throw refused("it did not say what it is");
  if (row.version < MIN_VERSION) throw refused("it is older than PostgreSQL 15");
  if (row.recovering) throw refused("it is a standby: back up its primary");
  if (row.archive === "off") throw refused("it does not archive: set archive_mode and restart it");
  if ((await identityOf(dataDirectory)) !== row.id)
    throw refused(`${dataDirectory} is not the data directory of this server`);
  return {
    systemIdentifier: row.id,
    version: `${Math.floor(row.version / 10_000)}.${row.version % 10_000}`,
    segmentBytes: Number(row.segment),
    summed: row.summed,
    bytes: row.bytes,
  };
}

/** Without them nobody can tell a page that a disk has changed. */
export async function hasPageChecksums(database: Queryable): Promise<boolean> {
  const [row] = await database.query<{ on: boolean }>(
    `SELECT current_setting('data_checksums') = 'on' AS "on"`,
  );
  return row?.on === true;
}

function refused(why: string): BackupError {
  return new BackupError("server-refused", `the server cannot be backed up: ${why}`);
}
