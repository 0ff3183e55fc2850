import { type ManualClock, manualClock } from "@rempart/kernel";
import { type AlertStore, postgresAlertStore } from "@rempart/observability";
import { until } from "@rempart/testing";
import type { MonitoringRim } from "../../src/monitoring/monitoring.ts";
import { type AlertReceiver, startAlertReceiver } from "./alert-receiver.ts";
import { type ServerOptions, type TestMessenger, testMessenger } from "./server.ts";

const MINUTE_MS = 60_000;
/** To the receiver, at most. */
const WAY_MS = 20_000;

/** The hours that a watch looks back on pass as fast as it looks. */
export class Watch {
  readonly clock: ManualClock = manualClock(Date.now());
  readonly rim: MonitoringRim = {
    clock: this.clock,
    store: (database) => this.#atTime(postgresAlertStore(database)),
    drive: (look) => {
      this.#look = look;
    },
  };
  /** Called when everything was looked at, before anything is decided. */
  whenSeen: () => void = () => {};
  #look: () => Promise<void> = () => Promise.reject(new TypeError("nothing watches yet"));

  /** Lets so many minutes pass, with a look at the end of each `stepMinutes`. */
  async pass(minutes: number, stepMinutes = 1): Promise<void> {
    for (let passed = 0; passed < minutes; passed += stepMinutes) {
      this.clock.advance(stepMinutes * MINUTE_MS);
      await this.#look();
    }
  }

  /** The store's entries, at another time than the database's. */
  #atTime(store: AlertStore): AlertStore {
    return {
      ...store,
      update: (work) => {
        this.whenSeen();
        return store.update((held) => work(held, this.clock.now()));
      },
    };
  }
}

export interface WatchedMessenger extends AsyncDisposable {
  readonly server: TestMessenger;
  readonly watch: Watch;
  readonly receiver: AlertReceiver;
  /**
   * Lets minutes pass until the receiver is told of the rule's alert. `each` happens before each of them. Throws when it was
   * not told after `most` minutes.
   */
  told(rule: string, state: "firing" | "resolved", options?: Telling): Promise<void>;
}

export interface Telling {
  readonly each?: () => unknown;
  readonly stepMinutes?: number;
  readonly most?: number;
  /** Of the receiver's notifications, the first that counts. */
  readonly from?: number;
}

export interface WatchedOptions extends ServerOptions {
  /** Told of everything as well. */
  readonly beside?: AlertReceiver;
}

/** A messenger that tells a real receiver, by a time that the test lets pass. */
export async function watchedMessenger({
  beside,
  ...options
}: WatchedOptions = {}): Promise<WatchedMessenger> {
  const watch = new Watch();
  const receiver = await startAlertReceiver();
  const server = await testMessenger({
    ...options,
    env: { MONITOR_ENABLED: "true", ...joined(receiver.env, beside?.env ?? {}), ...options.env },
    monitoringRim: watch.rim,
  });
  return {
    server,
    watch,
    receiver,
    async told(rule, state, { each = () => {}, stepMinutes = 1, most = 60, from = 0 } = {}) {
      const isTold = (): boolean => receiver.wasTold(rule, state, from);
      for (let passed = 0; passed <= most && !isTold(); passed += stepMinutes) {
        await each();
        await watch.pass(stepMinutes, stepMinutes);
        // What was taken at this look is on its way.
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      // Minutes pass at once; on a busy machine the way takes a moment.
      await until(isTold, { patienceMs: WAY_MS }).catch(() => {
        throw new Error(notTold(rule, state, receiver));
      });
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await receiver[Symbol.asyncDispose]();
    },
  };
}

type Env = Readonly<Record<string, string>>;

/** Lists of the same variable, one after the other. */
function joined(one: Env, other: Env): Env {
  const both = Object.entries(other).map(([name, value]) => [name, `${one[name]},${value}`]);
  return { ...one, ...Object.fromEntries(both) };
}

function notTold(rule: string, state: string, { told }: AlertReceiver): string {
  const heard = told.flatMap(({ alerts }) => alerts.map((one) => `${one.name} ${one.state}`));
  return `${rule} was not told ${state}; told were ${[...new Set(heard)].join(", ")}`;
}
