import type { Clock } from "@rempart/kernel";
import type { ClientFrame } from "@rempart/messaging/contract";
import type { Timers } from "../ports.ts";

/** Somebody who stopped without saying so is not shown as typing for longer than this. */
const SHOWN_MS = 6_000;
/** While typing goes on, it is said again this often. */
const SAID_AGAIN_MS = 3_000;

export interface Typing {
  /** Who types in this conversation now. */
  people(conversationId: string): readonly string[];
  heard(conversationId: string, userId: string, on: boolean): void;
  /** Says that this user types, or stopped; repeats of the same are held back. */
  say(conversationId: string, on: boolean): void;
}

export function createTyping(
  ports: { readonly clock: Clock; readonly timers: Timers },
  send: (frame: ClientFrame) => boolean,
  changed: (conversationId: string) => void,
): Typing {
  const heard = new Map<string, Map<string, () => void>>();
  const said = new Map<string, number>();

  const stop = (conversationId: string, userId: string): void => {
    const typing = heard.get(conversationId);
    typing?.get(userId)?.();
    if (typing?.delete(userId)) changed(conversationId);
  };

  return {
    people: (conversationId) => [...(heard.get(conversationId)?.keys() ?? [])],
    heard(conversationId, userId, on) {
      if (!on) {
        stop(conversationId, userId);
        return;
      }
      const typing = heard.get(conversationId) ?? new Map<string, () => void>();
      const fresh = !typing.has(userId);
      typing.get(userId)?.();
      typing.set(
        userId,
        ports.timers.after(SHOWN_MS, () => stop(conversationId, userId)),
      );
      heard.set(conversationId, typing);
      if (fresh) changed(conversationId);
    },
    say(conversationId, on) {
      const now = ports.clock.monotonic();
      const last = said.get(conversationId);
      if (on && last !== undefined && now - last < SAID_AGAIN_MS) return;
      if (!on && last === undefined) return;
      if (on) said.set(conversationId, now);
      else said.delete(conversationId);
      send({ t: "typing", conversationId, on });
    },
  };
}
