import { join } from "node:path";
import { createAudit } from "@rempart/audit";
import { createDatabase, type Database, findEmbeddedPostgres } from "@rempart/database";
import type { DrillRecord } from "@rempart/database/backup";
import type { MessengerConfig } from "../config.ts";
import { ownServer } from "../storage/own-server.ts";
import { type AskedDrill, type DrillPorts, drillMessenger, recordDrill } from "./drills.ts";

/** As `drillMessenger`; recorded in the audit log where the messenger's database is served. */
export async function drillByCommand(
  config: MessengerConfig,
  ports: DrillPorts,
  asked: AskedDrill = {},
): Promise<DrillRecord> {
  const record = await drillMessenger(config, ports, asked);
  const database = await servedDatabase(config);
  if (database === null) return record;
  try {
    await recordDrill({ audit: createAudit({ database, envelopes: ports.keyring }), database }, record);
    return record;
  } finally {
    await database.close();
  }
}

/** Null where nobody serves it: on a new machine, or while the messenger is at rest. */
async function servedDatabase({ database }: MessengerConfig): Promise<Database | null> {
  const url =
    database.kind === "embedded"
      ? (await findEmbeddedPostgres(join(database.directory, "postgres")))?.url
      : (await ownServer(database)).reveal();
  if (url === undefined) return null;
  const opened = createDatabase({ url, poolSize: 1, applicationName: "rempart-drill" });
  try {
    await opened.query("SELECT FROM server_state");
    return opened;
  } catch {
    await opened.close();
    return null;
  }
}
