import { systemClock, systemRandom } from "@rempart/kernel";
import type { Channel, CorePorts, Locks, Socket, SocketEvents, Timers } from "../core/ports.ts";
import { deleteIndexedDb, openIndexedDb } from "../core/storage/indexeddb.ts";
import { deviceName } from "./device-name.ts";

/** The browser behind the core's ports. */
export function browserPorts(): CorePorts {
  return {
    fetch: (path, init) => fetch(path, { ...init, credentials: "same-origin", cache: "no-store" }),
    openSocket: (path, events) => openSocket(new WebSocket(socketUrl(path)), events),
    openStorage: openIndexedDb,
    deleteStorage: deleteIndexedDb,
    openChannel,
    onNetwork(changed) {
      const listener = ({ type }: Event): void => changed(type === "online");
      addEventListener("online", listener);
      addEventListener("offline", listener);
      return () => {
        removeEventListener("online", listener);
        removeEventListener("offline", listener);
      };
    },
    locks: webLocks,
    clock: systemClock,
    random: systemRandom,
    timers: systemTimers,
    deviceName: deviceName(navigator.userAgent),
    report: (event, error) => console.warn(`messenger: ${event}`, error ?? ""),
  };
}

function socketUrl(path: string): URL {
  const url = new URL(path, location.origin);
  url.protocol = url.protocol === "http:" ? "ws:" : "wss:";
  return url;
}

export function openSocket(socket: WebSocket, events: SocketEvents): Socket {
  socket.addEventListener("open", () => events.opened());
  socket.addEventListener("message", (event) => events.received(event.data));
  // An error is always followed by a close.
  socket.addEventListener("close", (event) => events.closed(event.code));
  return {
    send: (text) => socket.send(text),
    close: (code) => socket.close(code),
  };
}

export function openChannel(name: string, received: (message: string) => void): Channel {
  const channel = new BroadcastChannel(name);
  channel.addEventListener("message", (event) => received(String((event as MessageEvent).data)));
  return {
    post: (message) => channel.postMessage(message),
    close: () => channel.close(),
  };
}

export const systemTimers: Timers = {
  after(milliseconds, work) {
    const timer = setTimeout(work, milliseconds);
    return () => clearTimeout(timer);
  },
};

export const webLocks: Locks = {
  take: (name, { steal, lost }) =>
    new Promise((resolve, reject) => {
      let held = false;
      navigator.locks
        .request(name, steal ? { steal } : { ifAvailable: true }, (lock) => {
          if (lock === null) return resolve(null);
          held = true;
          return new Promise<void>((release) => resolve({ release }));
        })
        // The request rejects when the lock is stolen after it was held.
        .catch((error: unknown) => (held ? lost() : reject(error)));
    }),
};
