import { type Identity, type Role, type SignedIn, type Subject, subjectOfSession } from "../src/index.ts";
import { type Harness, HOME, signUp, someone } from "./harness.ts";

export interface Persona extends SignedIn {
  /** As they stand now, with a second factor shown this moment where `proven`. */
  subject(): Promise<Subject>;
}

/**
 * Somebody signed in with a role, who showed a second factor just now. The factor and the proof are written straight into the
 * tables: how they come there is tested with the factors.
 */
export async function persona(world: Harness, name: string, role: Role = "USER"): Promise<Persona> {
  const { identity, db, clock } = world;
  const signedIn = await signUp(identity, someone(name), HOME);
  const { account, session } = signedIn;
  if (role !== "USER") await db.query("UPDATE users SET role = $2 WHERE id = $1", [account.id, role]);
  await db.query(
    `INSERT INTO totp_factors (id, user_id, seed, created_at, confirmed_at) VALUES ($1, $2, 'sealed', $3, $3)`,
    [session.id, account.id, new Date(clock.now())],
  );
  await prove(world, signedIn);
  await identity.maintain();
  return { ...signedIn, subject: () => subjectFor(identity, signedIn.token) };
}

/** A second factor is shown in this session. */
export async function prove({ db, clock, identity }: Harness, { session }: SignedIn): Promise<void> {
  await db.query(
    "UPDATE sessions SET factor_at = $2, authenticated_at = $2, amr = '{pwd,otp,mfa}' WHERE id = $1",
    [session.id, new Date(clock.now())],
  );
  await identity.maintain();
}

async function subjectFor(identity: Identity, token: string): Promise<Subject> {
  const who = await identity.authenticate(token);
  if (who === null) throw new Error("signed out");
  return subjectOfSession(who);
}
