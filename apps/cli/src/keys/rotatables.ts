import { createDatabase } from "@rempart/database";
import {
  countEnvelopes,
  credentialFile,
  type DatabaseRotation,
  databaseRotation,
  type EnvelopeDescription,
  KeysError,
  localKeyRotation,
  type Rotatable,
  type RotationPurpose,
  type RotationStep,
} from "@rempart/keys";
import { envelopeSources, type Installation, type MessengerConfig } from "@rempart/messenger-server/operator";
import type { Secret } from "@rempart/runtime";

export interface DatabaseRotationChoice {
  readonly graceMs?: number;
  readonly drainMs?: number;
  readonly observe?: (step: RotationStep) => void;
}

/** What can be rotated here. The database's password only where it stands in a file that the servers watch. */
export function rotatables(
  installation: Installation,
  config: MessengerConfig,
): Partial<Record<RotationPurpose, Rotatable>> {
  const { identity, secrets, localKey } = installation;
  const sources = envelopeSources(installation.database);
  return {
    jwt: identity.tokens.signingKeys,
    csrf: secrets.csrf,
    encryption: localKeyRotation(localKey, (version) =>
      countEnvelopes(sources, (envelope) => standsUnder(envelope, version)),
    ),
    ...(canRotateDatabase(config) ? { database: passwordRotation(config) } : {}),
  };
}

const LOCAL = "local";

export function standsUnder({ keys }: EnvelopeDescription, version: string): boolean {
  return keys.some((key) => key.provider === LOCAL && key.version === version);
}

function canRotateDatabase({ database, databaseAdminUrl }: MessengerConfig): boolean {
  return database.kind === "file" && databaseAdminUrl !== null;
}

/** Throws `rotation-refused` where there is no password to rotate, or nobody to do it. */
export function passwordRotation(
  { database, databaseAdminUrl }: MessengerConfig,
  choice: DatabaseRotationChoice = {},
): DatabaseRotation {
  if (database.kind !== "file")
    throw new KeysError(
      "rotation-refused",
      "the password is rotated in the file that DATABASE_URL_FILE names; the embedded database has a socket of its own, and a password that never leaves its directory",
    );
  if (databaseAdminUrl === null)
    throw new KeysError("rotation-refused", "DATABASE_ADMIN_URL must name a superuser, who may make roles");
  return databaseRotation({
    ...choice,
    credentials: credentialFile(database.path),
    admin: (work) => withDatabase(databaseAdminUrl, (admin) => admin.session(work)),
    connect: (url, work) => withDatabase(url, work),
  });
}

type Open = ReturnType<typeof createDatabase>;

async function withDatabase<T>(url: Secret, work: (database: Open) => Promise<T>): Promise<T> {
  const database = createDatabase({ url: url.reveal(), poolSize: 1, applicationName: "rempart-keys" });
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}
