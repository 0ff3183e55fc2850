import { CoreError } from "../../src/core/errors.ts";
import type { CorePorts } from "../../src/core/ports.ts";

/** Ends the life of a core at its n-th write: nothing it does afterwards reaches the disk. */
export interface Killer {
  readonly change: (ports: CorePorts) => CorePorts;
  /** Dies at this write from now on, before it or right after it is durable. */
  arm(writes: number, when: "before" | "after"): void;
  readonly dead: boolean;
}

export function createKiller(): Killer {
  let left = Number.POSITIVE_INFINITY;
  let when: "before" | "after" = "before";
  let dead = false;
  const die = (): never => {
    dead = true;
    throw new CoreError("internal", "killed");
  };
  return {
    get dead() {
      return dead;
    },
    arm(writes, at) {
      left = writes;
      when = at;
    },
    change: (ports) => ({
      ...ports,
      fetch: (path, init) => (dead ? Promise.reject(new TypeError("killed")) : ports.fetch(path, init)),
      openSocket: (path, events) => {
        const socket = ports.openSocket(path, events);
        return {
          send: (text) => (dead ? undefined : socket.send(text)),
          close: (code) => socket.close(code),
        };
      },
      async openStorage(name) {
        const storage = await ports.openStorage(name);
        return {
          ...storage,
          async write(operations, fence) {
            if (dead) return die();
            left -= 1;
            if (left === 0 && when === "before") return die();
            await storage.write(operations, fence);
            if (left === 0) return die();
          },
        };
      },
    }),
  };
}
