import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { findEmbeddedPostgres } from "../embedded/embedded-postgres.ts";
import { APPLICATION_DATABASE, APPLICATION_ROLE } from "../embedded/initialise.ts";
import { createDatabase } from "../pool/database.ts";
import type { DrillOptions } from "./drill/drill.ts";
import { drill } from "./drill/recorded.ts";
import type { DrillRecord } from "./drill/records.ts";
import { DRILLS } from "./drill/throw-away-place.ts";
import type { Vault } from "./sealed/objects.ts";

export interface EmbeddedDrillOptions extends Omit<DrillOptions, "application" | "primary" | "place"> {
  /** As given to `startEmbeddedPostgres`. Where its server runs, what was restored is compared with it. */
  readonly directory: string;
  /** Beside the server's data unless told; without a server, in the temporary directory. */
  readonly place?: string;
}

/** A drill for the backups of an embedded server, also on a machine that has nothing but the repository and the key. */
export async function drillEmbedded(vault: Vault, options: EmbeddedDrillOptions): Promise<DrillRecord> {
  const { directory, place, ...rest } = options;
  const running = await findEmbeddedPostgres(directory);
  const primary =
    running &&
    createDatabase({
      url: inApplicationDatabase(running.superuserUrl),
      poolSize: 3,
      applicationName: "rempart-drill",
    });
  const near = running === null ? tmpdir() : dirname(running.dataDirectory);
  try {
    return await drill(vault, {
      ...rest,
      application: { role: APPLICATION_ROLE, database: APPLICATION_DATABASE },
      place: place ?? join(near, DRILLS),
      ...(primary && { primary }),
    });
  } finally {
    await primary?.close();
  }
}

function inApplicationDatabase(superuserUrl: string): string {
  const url = new URL(superuserUrl);
  url.pathname = `/${APPLICATION_DATABASE}`;
  return url.href;
}
