import assert from "node:assert/strict";
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import type { Database, QueryOptions } from "@rempart/database";
import { CodedError, type ManualClock, manualClock } from "@rempart/kernel";
import { type TestDatabase, testDatabase } from "@rempart/testing";
import {
  createIdentity,
  type Envelopes,
  type Identity,
  type IdentityOptions,
  identityMigrations,
  type Mail,
  type Mailer,
  type MailKind,
  type SignedIn,
  type SignInResult,
  type SignUpResult,
  type Where,
} from "../src/index.ts";

/** Real argon2id, at the least cost it allows: the tests hash hundreds of times. */
export const FAST = { memoryKiB: 8, passes: 1, lanes: 1 };

export const HOME = { address: "192.0.2.1", userAgent: "Test/1.0" };
export const AWAY = { address: "198.51.100.7", userAgent: "Test/1.0" };
export const PASSWORD = "a tangerine umbrella";

/** Noon of a day after PostgreSQL's own clock matters to nothing here. */
export const START = Date.UTC(2026, 0, 15, 12);

export interface Harness extends AsyncDisposable {
  readonly identity: Identity;
  readonly clock: ManualClock;
  readonly db: TestDatabase["database"];
  readonly url: string;
  /** Another identity on the same database, as another process would have. `delay` holds back the answers of its queries. */
  another(options?: Partial<IdentityOptions> & { delay?: (text: string) => Promise<void> }): Identity;
}

export async function harness(options: Partial<IdentityOptions> = {}): Promise<Harness> {
  const test = await testDatabase({ migrations: [identityMigrations] });
  const clock = manualClock(START);
  const open: Identity[] = [];
  const make: Harness["another"] = ({ delay, ...more } = {}) => {
    const config = { argon2: FAST, ...options.config, ...more.config };
    const shared = more.database ?? test.database;
    const database = delay === undefined ? shared : delayed(shared, delay);
    const identity = createIdentity({ clock, ...options, ...more, config, database });
    open.push(identity);
    return identity;
  };
  return {
    identity: make(),
    clock,
    db: test.database,
    url: test.url,
    another: make,
    async [Symbol.asyncDispose]() {
      await Promise.all(open.map((identity) => identity.close()));
      await test.close();
    },
  };
}

/** The same database, whose answers outside transactions arrive late. */
function delayed(database: Database, delay: (text: string) => Promise<void>): Database {
  return {
    ...database,
    async query<Row extends object>(text: string, values?: readonly unknown[], options?: QueryOptions) {
      const rows = await database.query<Row>(text, values, options);
      await delay(text);
      return rows;
    },
  };
}

/** Signs up where no mail stands in between. */
export async function signUp(
  identity: Identity,
  ...input: Parameters<Identity["signUp"]>
): Promise<SignedIn> {
  const { status, ...signedIn } = signedInOf(await identity.signUp(...input));
  return signedIn;
}

/** Signs in where no second factor is asked for. */
export async function signIn(
  identity: Identity,
  ...input: Parameters<Identity["signIn"]>
): Promise<SignedIn> {
  const { status, ...signedIn } = signedInOf(await identity.signIn(...input));
  return signedIn;
}

function signedInOf<Result extends SignInResult | SignUpResult>(result: Result) {
  assert.ok(result.status === "signed-in", result.status);
  return result as Extract<Result, { status: "signed-in" }>;
}

/** AES-256-GCM under a key of this process. */
export function testEnvelopes(): Envelopes {
  const key = randomBytes(32);
  const aad = ({ table, column, row }: Where) => Buffer.from(`${table}.${column}.${row}`);
  return {
    async seal(plaintext, where) {
      const iv = randomBytes(12);
      const cipher = createCipheriv("aes-256-gcm", key, iv).setAAD(aad(where));
      const body = Buffer.concat([cipher.update(plaintext), cipher.final()]);
      return `local:${Buffer.concat([iv, cipher.getAuthTag(), body]).toString("base64url")}`;
    },
    async open(envelope, where) {
      const bytes = Buffer.from(envelope.slice("local:".length), "base64url");
      const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, 12)).setAAD(aad(where));
      decipher.setAuthTag(bytes.subarray(12, 28));
      return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]);
    },
  };
}

/** Keeps what it is given to send. */
export interface TestMailer extends Mailer {
  readonly sent: Mail[];
  last(kind: MailKind): Mail;
  /** The token in the last mail of this kind. */
  token(kind: MailKind): string;
}

export function testMailer(): TestMailer {
  const sent: Mail[] = [];
  const last = (kind: MailKind): Mail => {
    const found = sent.findLast((mail) => mail.kind === kind);
    assert.ok(found, `no mail of kind ${kind}`);
    return found;
  };
  return {
    sent,
    last,
    token: (kind) => last(kind).values.token ?? assert.fail(`no token in ${kind}`),
    async send(mail) {
      sent.push(mail);
    },
  };
}

/** A harness that sends mails, and the mails. */
export async function mailHarness(
  options: Partial<IdentityOptions> = {},
): Promise<Harness & { readonly mailer: TestMailer }> {
  const mailer = testMailer();
  const world = await harness({ mailer, envelopes: testEnvelopes(), ...options });
  return Object.assign(world, { mailer });
}

/** What `act` was refused with. */
export async function refusal(act: Promise<unknown>): Promise<CodedError> {
  try {
    await act;
  } catch (error) {
    if (error instanceof CodedError) return error;
    throw error;
  }
  throw new assert.AssertionError({ message: "was not refused" });
}

export async function codeOf(act: Promise<unknown>): Promise<string> {
  return (await refusal(act)).code;
}

export function someone(local: string): { email: string; password: string; name: string } {
  return { email: `${local}@example.org`, password: PASSWORD, name: `Person ${local}` };
}

/** Whoever may log in to the machine. */
export const OPERATOR = { kind: "operator", name: "root" } as const;
