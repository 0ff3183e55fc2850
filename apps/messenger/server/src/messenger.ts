import type { Clock } from "@rempart/kernel";
import type { Component, Logger } from "@rempart/runtime";
import type { Bus } from "./bus/bus.ts";
import { Closers } from "./composition/closers.ts";
import { start } from "./composition/start.ts";
import type { MessengerConfig } from "./config.ts";
import type { MonitoringRim } from "./monitoring/monitoring.ts";

export interface MessengerOptions {
  config: MessengerConfig;
  /** JSON lines on standard output at the configured level, unless told. */
  log?: Logger;
  /** Replaces the bus that the configuration asks for: two servers of one test share a network. */
  bus?: Bus;
  /** What time it is for this process: one that is wrong shows what follows from it. */
  clock?: Clock;
  /** Takes the time of what watches this process into other hands. */
  monitoringRim?: MonitoringRim;
}

export interface Messenger {
  readonly publicUrl: string;
  readonly adminUrl: string;
  /** Until there is an administrator: the link whose holder becomes one. A secret: print it, do not log it. */
  readonly invitationUrl: string | null;
  /** Resolves when the messenger cannot go on by itself: its embedded database is gone. */
  readonly failed: Promise<Error>;
  /** Stops taking requests, says goodbye to the sockets, writes what was accepted, closes everything. */
  stop(): Promise<void>;
}

/** The whole messenger in this process. Rejects, with everything closed again, when a part cannot start. */
export async function startMessenger(options: MessengerOptions): Promise<Messenger> {
  const closers = new Closers();
  const stop = (): Promise<void> => closers.closeAll();
  try {
    return { ...(await start(options, closers)), stop };
  } catch (error) {
    await stop().catch(() => undefined);
    throw error;
  }
}

/** The messenger as a part of a process. `started` is told once it serves. */
export function messengerComponent(
  options: MessengerOptions & { started?: (messenger: Messenger) => void },
): Component {
  let messenger: Messenger | undefined;
  const { promise: ended, resolve } = Promise.withResolvers<Error>();
  return {
    name: "messenger",
    ended,
    async start() {
      messenger = await startMessenger(options);
      messenger.failed.then(resolve);
      options.started?.(messenger);
    },
    stop: async () => messenger?.stop(),
  };
}
