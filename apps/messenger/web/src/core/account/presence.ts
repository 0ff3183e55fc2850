import type { ClientFrame } from "@rempart/messaging/contract";

/** The contract's bound on one `watch` frame. */
const MOST_WATCHED = 200;

/** Who is online, of the people whose conversations stand highest in the list. */
export interface Presence {
  online(userId: string): boolean;
  /** The people to watch, the most important first. Tells the server when the list changed. */
  watch(userIds: Iterable<string>): void;
  heard(userId: string, online: boolean): void;
  /** A new connection: the server knows nothing yet, and neither do we. */
  restart(): void;
}

export function createPresence(send: (frame: ClientFrame) => boolean, changed: () => void): Presence {
  const present = new Set<string>();
  let wanted: readonly string[] = [];
  let told = "";

  const tell = (): void => {
    const list = wanted.join();
    if (list !== told && send({ t: "watch", userIds: [...wanted] })) told = list;
  };

  return {
    online: (userId) => present.has(userId),
    watch(userIds) {
      wanted = [...new Set(userIds)].slice(0, MOST_WATCHED).sort();
      tell();
    },
    heard(userId, online) {
      if (present.has(userId) === online) return;
      if (online) present.add(userId);
      else present.delete(userId);
      changed();
    },
    restart() {
      told = "";
      const before = present.size;
      present.clear();
      if (before > 0) changed();
      if (wanted.length > 0) tell();
    },
  };
}
