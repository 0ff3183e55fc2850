import type { Page } from "@rempart/testing/browser";
import type { Result } from "../../src/client/api.ts";
import type { CommandName, ToWorker } from "../../src/client/protocol.ts";

/** The built worker in a real page, driven over its protocol in place of the screens. */
export interface PageClient {
  call<T>(name: CommandName, ...args: readonly unknown[]): Promise<Result<T>>;
  watch(conversationId: string): Promise<void>;
  /** Waits until the worker has said something that contains this text since it was started. */
  hears(text: string): Promise<void>;
}

const PATIENCE_MS = 60_000;

/** What `startWorker` leaves in the page. */
interface Driven {
  driven: {
    worker: Worker;
    heard: string[];
    waiting: Map<number, (result: unknown) => void>;
    calls: number;
  };
}

interface WithTrustedTypes {
  trustedTypes: { createPolicy(name: string, rules: { createScriptURL(address: string): string }): unknown };
}

export async function startWorker(page: Page, address: string, workerUrl: string): Promise<PageClient> {
  page.setDefaultTimeout(PATIENCE_MS);
  // The screens would start a worker of their own, which would own the account.
  await page.route("**/assets/index-*.js", (route) => route.abort());
  await page.goto(address);
  await page.evaluate((url) => {
    const { trustedTypes } = globalThis as unknown as WithTrustedTypes;
    trustedTypes.createPolicy("default", { createScriptURL: (address: string) => address });
    const worker = new Worker(url, { type: "module" });
    const heard: string[] = [];
    const waiting = new Map<number, (result: unknown) => void>();
    worker.addEventListener("message", ({ data }) => {
      heard.push(JSON.stringify(data));
      if (data.t === "answer") waiting.get(data.id)?.(data.result);
    });
    worker.addEventListener("error", (event) => heard.push(`error: ${event.message}`));
    (globalThis as unknown as Driven).driven = { worker, heard, waiting, calls: 0 };
  }, workerUrl);
  return {
    call: (name, ...args) =>
      page.evaluate(
        ([command, given]) => {
          const { driven } = globalThis as unknown as Driven;
          driven.calls += 1;
          const id = driven.calls;
          const message: ToWorker = { t: "call", id, name: command, args: given };
          driven.worker.postMessage(message);
          return new Promise<never>((resolve) => driven.waiting.set(id, resolve as (r: unknown) => void));
        },
        [name, args] as const,
      ),
    watch: (conversationId) =>
      page.evaluate((id) => {
        (globalThis as unknown as Driven).driven.worker.postMessage({ t: "watch", conversationId: id });
      }, conversationId),
    async hears(text) {
      const found = page.waitForFunction(
        (wanted) => (globalThis as unknown as Driven).driven.heard.some((line) => line.includes(wanted)),
        text,
        { timeout: PATIENCE_MS },
      );
      await found.catch(async (cause: unknown) => {
        const heard = await page.evaluate(() => (globalThis as unknown as Driven).driven.heard.slice(-5));
        throw new Error(`"${text}" was never heard; last: ${heard.join("\n").slice(0, 2000)}`, { cause });
      });
    },
  };
}

/** Everything in the origin's IndexedDB databases as Latin-1 text, keys and values. */
export function dumpIndexedDb(page: Page): Promise<string> {
  return page.evaluate(async () => {
    const settled = <T>(request: IDBRequest<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    const text = (value: unknown): string =>
      value instanceof Uint8Array
        ? Array.from(value, (byte) => String.fromCharCode(byte)).join("")
        : (JSON.stringify(value) ?? String(value));
    let dump = "";
    for (const { name = "" } of await indexedDB.databases()) {
      const database = await settled(indexedDB.open(name));
      for (const table of database.objectStoreNames) {
        const store = database.transaction(table).objectStore(table);
        const [keys, values] = await Promise.all([settled(store.getAllKeys()), settled(store.getAll())]);
        dump += `${name} ${table} ${keys.join()} ${values.map(text).join("\n")}\n`;
      }
      database.close();
    }
    return dump;
  });
}
