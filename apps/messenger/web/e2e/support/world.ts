import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Messenger,
  messengerMigrations,
  readMessengerConfig,
  startMessenger,
} from "@rempart/messenger-server";
import { type TestDatabase, testDatabase } from "@rempart/testing";
import { type Browser, launchBrowser } from "@rempart/testing/browser";
import { buildWeb } from "./build-web.ts";
import { PATIENCE_MS } from "./patience.ts";
import { Visitor } from "./visitor.ts";
import { Wire } from "./wire.ts";

/** Everything real: the built client, a server on free ports with a database of its own, and a browser. */
export class World implements AsyncDisposable {
  readonly messenger: Messenger;
  readonly browser: Browser;
  /** The only way to the server for travellers; everybody else has another. */
  readonly wire: Wire;
  readonly #storage: TestDatabase;
  readonly #data: string;

  constructor(messenger: Messenger, browser: Browser, wire: Wire, storage: TestDatabase, data: string) {
    this.messenger = messenger;
    this.browser = browser;
    this.wire = wire;
    this.#storage = storage;
    this.#data = data;
  }

  /** `env` on top of limits that no test reaches. */
  static async start(env: Readonly<Record<string, string>> = {}): Promise<World> {
    const data = await mkdtemp(join(tmpdir(), "rempart-e2e-"));
    const [web, storage, browser, wire] = await Promise.all([
      buildWeb("production"),
      testDatabase({ migrations: messengerMigrations }),
      launchBrowser(),
      Wire.lay(),
    ]);
    const config = readMessengerConfig({
      DATABASE_URL: storage.url,
      DATA_DIRECTORY: data,
      WEB_DIRECTORY: web,
      HOST: "127.0.0.1",
      PORT: "0",
      ALLOWED_ORIGINS: wire.origin,
      ADMIN_PORT: "0",
      RATE_LIMIT_MAX: "100000",
      RATE_LIMIT_AUTH_MAX: "100000",
      RATE_LIMIT_MESSAGES_MAX: "100000",
      MONITOR_ENABLED: "false",
      LOG_LEVEL: "silent",
      ...env,
    });
    const messenger = await startMessenger({ config });
    wire.leadTo(Number(new URL(messenger.publicUrl).port));
    return new World(messenger, browser, wire, storage, data);
  }

  get database(): TestDatabase["database"] {
    return this.#storage.database;
  }

  /** Somebody with a browser of their own, in front of the door. */
  async visitor(name: string, origin = this.messenger.publicUrl): Promise<Visitor> {
    const context = await this.browser.newContext({ locale: "en-GB", reducedMotion: "reduce" });
    context.setDefaultTimeout(PATIENCE_MS);
    const visitor = new Visitor(origin, name, context, await context.newPage());
    await visitor.page.goto(`${visitor.origin}/sign-up`);
    return visitor;
  }

  /** Somebody who has an account and sees their conversations. */
  async resident(name: string): Promise<Visitor> {
    const visitor = await this.visitor(name);
    await visitor.signUp();
    return visitor;
  }

  /** A resident whose connection is the wire. */
  async traveller(name: string): Promise<Visitor> {
    const visitor = await this.visitor(name, this.wire.origin);
    await visitor.signUp();
    return visitor;
  }

  /** As if this person had proved who they are long ago. */
  async growsStale({ email }: Visitor): Promise<void> {
    await this.database.query(
      `UPDATE sessions SET authenticated_at = authenticated_at - interval '1 hour', factor_at = factor_at - interval '1 hour'
       WHERE user_id = (SELECT id FROM users WHERE email = $1)`,
      [email],
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.browser.close();
    await this.wire[Symbol.asyncDispose]();
    await this.messenger.stop();
    await this.#storage.close();
    await rm(this.#data, { recursive: true, force: true });
  }
}
