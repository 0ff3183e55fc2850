import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { systemClock, systemRandom } from "@rempart/kernel";
import type { ConversationView, MessengerClient, Result, TimelineItem } from "../../src/client/api.ts";
import { connectClient } from "../../src/client/connect.ts";
import { type Core, createCore } from "../../src/core/core.ts";
import type { CorePorts } from "../../src/core/ports.ts";
import { type MemoryDisks, memoryDisks } from "../../src/core/storage/memory.ts";
import { openChannel, openSocket, systemTimers, webLocks } from "../../src/worker/browser.ts";
import { serve } from "../../src/worker/serve.ts";
import { type Browser, createBrowser } from "./cookies.ts";
import { until } from "./until.ts";

export interface Tab {
  /** As the screens have it: over the message port. */
  readonly client: MessengerClient;
  readonly core: Core;
  readonly reports: readonly string[];
  close(): Promise<void>;
}

const openTabs = new Set<Tab>();

/** Closes every tab that a test left open, whatever became of it. */
export async function closeTabs(): Promise<void> {
  await Promise.all([...openTabs].map((tab) => tab.close()));
}

/** One browser of one person: cookies, storage and locks are shared by its tabs. */
export class BrowserProfile {
  readonly browser: Browser;
  readonly disks: MemoryDisks;
  readonly #scope = randomUUID();

  constructor(base: () => string, disks = memoryDisks()) {
    this.browser = createBrowser(base);
    this.disks = disks;
  }

  ports(reports: string[] = []): CorePorts {
    return {
      fetch: (path, init) => this.browser.fetch(path, init),
      openSocket: (path, events) => openSocket(this.browser.webSocket(path), events),
      openStorage: (name) => this.disks.open(name),
      deleteStorage: (name) => this.disks.remove(name),
      openChannel: (name, received) => openChannel(`${this.#scope}/${name}`, received),
      onNetwork: () => () => undefined,
      locks: { take: (name, options) => webLocks.take(`${this.#scope}/${name}`, options) },
      clock: systemClock,
      random: systemRandom,
      timers: systemTimers,
      deviceName: "Node",
      report: (event, error) => {
        reports.push(event);
        if (process.env.REMPART_TEST_VERBOSE) console.error(event, error);
      },
    };
  }

  /** Opens a page: the client of the screens, and the core behind it. */
  async open(change: (ports: CorePorts) => CorePorts = (ports) => ports): Promise<Tab> {
    const reports: string[] = [];
    const core = createCore(change(this.ports(reports)));
    const { port1, port2 } = new MessageChannel();
    const client = connectClient(port1);
    serve(core, port2);
    port1.start();
    port2.start();
    const tab: Tab = {
      client,
      core,
      reports,
      async close() {
        openTabs.delete(tab);
        await core.close();
        port1.close();
        port2.close();
      },
    };
    openTabs.add(tab);
    await core.start();
    return tab;
  }
}

/** A signed-up account in a browser of its own, ready to converse. */
export interface Person extends Tab {
  readonly profile: BrowserProfile;
  readonly id: string;
  readonly name: string;
  readonly credentials: { readonly email: string; readonly password: string };
}

export async function arrive(
  base: () => string,
  name: string,
  options: { readonly disks?: MemoryDisks; readonly change?: (ports: CorePorts) => CorePorts } = {},
): Promise<Person> {
  const profile = new BrowserProfile(base, options.disks);
  const tab = await profile.open(options.change);
  const credentials = { email: `${randomUUID()}@example.org`, password: `correct ${randomUUID()}` };
  done(await tab.client.signUp({ ...credentials, name }));
  const id = await ready(tab);
  return { ...tab, profile, id, name, credentials };
}

/** Signs the same account in on another browser. */
export async function anotherDevice(person: Person, base: () => string): Promise<Person> {
  const profile = new BrowserProfile(base);
  const tab = await profile.open();
  done(await tab.client.signIn(person.credentials));
  await ready(tab);
  return { ...person, ...tab, profile };
}

export async function ready({ client }: Pick<Tab, "client">): Promise<string> {
  const app = await until(client.app, ({ phase }) => phase === "ready", "the phase ready");
  await until(client.connection, ({ status }) => status === "online", "a connection");
  assert.ok(app.phase === "ready");
  return app.me.id;
}

/** The value of a command that must succeed. */
export function done<T>(result: Result<T>): T {
  assert.ok(result.ok, `the command failed: ${JSON.stringify(result)}`);
  return result.value;
}

export function conversation(
  { client }: Pick<Tab, "client">,
  id: string,
  passes: (view: ConversationView) => boolean = (view) => view.sync === "ready",
): Promise<ConversationView> {
  const find = (list: readonly ConversationView[] | null): ConversationView | undefined =>
    list?.find((view) => view.id === id);
  return until(
    client.conversations,
    (list) => {
      const view = find(list);
      return view !== undefined && passes(view);
    },
    `conversation ${id}`,
  ).then((list) => find(list) as ConversationView);
}

/** Waits for the timeline to pass, and answers with its items. */
export async function timeline(
  { client }: Pick<Tab, "client">,
  id: string,
  passes: (items: readonly TimelineItem[]) => boolean,
): Promise<readonly TimelineItem[]> {
  const { items } = await until(client.timeline(id), (seen) => passes(seen.items), `timeline of ${id}`);
  return items;
}

export function texts(items: readonly TimelineItem[]): string[] {
  return items.flatMap((item) => (item.kind === "text" ? [item.text] : []));
}

/** Waits until a text stands in the timeline. */
export async function reads(person: Pick<Tab, "client">, id: string, text: string): Promise<void> {
  await timeline(person, id, (items) => texts(items).includes(text));
}
