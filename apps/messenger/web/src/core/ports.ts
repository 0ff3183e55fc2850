/**
 * What the core needs from the world. The browser's adapters are in `worker/browser.ts`; tests in Node give their own,
 * so the same core runs headless.
 */
import type { Clock, Random } from "@rempart/kernel";
import type { Storage } from "./storage/storage.ts";

/** The part of a WebSocket the core uses: text frames only. */
export interface Socket {
  send(text: string): void;
  close(code?: number): void;
}

export interface SocketEvents {
  opened(): void;
  /** Whatever the peer sent, as it came; may be anything but a string for a binary frame. */
  received(data: unknown): void;
  /** Called exactly once, also when the connection could not be made. */
  closed(code: number): void;
}

export interface Timers {
  /** Calls `work` once after `milliseconds`; returns the way to call it off. */
  after(milliseconds: number, work: () => void): () => void;
}

/** Messages between the tabs of one origin. A tab does not hear itself. */
export interface Channel {
  post(message: string): void;
  close(): void;
}

export interface Locks {
  /**
   * Takes the exclusive lock when it is free, or takes it away from its holder with `steal`. Null when it is held by
   * somebody else. `lost` is called when another tab steals it later.
   */
  take(name: string, options: { steal: boolean; lost: () => void }): Promise<{ release(): void } | null>;
}

export interface CorePorts {
  /** `path` starts with `/`; rejects with a `TypeError` when the server cannot be reached. */
  readonly fetch: (path: string, init: RequestInit) => Promise<Response>;
  readonly openSocket: (path: string, events: SocketEvents) => Socket;
  readonly openStorage: (name: string) => Promise<Storage>;
  /** Erases everything stored under this name, keys included. */
  readonly deleteStorage: (name: string) => Promise<void>;
  readonly openChannel: (name: string, received: (message: string) => void) => Channel;
  /** Calls back when the machine says that it left the network or is back on it; returns the way to stop. */
  readonly onNetwork: (changed: (online: boolean) => void) => () => void;
  readonly locks: Locks;
  readonly clock: Clock;
  readonly random: Random;
  readonly timers: Timers;
  /** Shown in the account's list of devices, such as "Firefox on Linux". */
  readonly deviceName: string;
  /** Told about what was handled but should not happen. Never given content or keys. */
  readonly report: (event: string, error?: unknown) => void;
}
