import type { ClientFrame } from "@rempart/messaging/contract";
import type { ReceiptMarks } from "../conversation/deps.ts";
import type { Timers } from "../ports.ts";

/** Receipts of one burst travel together. */
const BATCH_MS = 200;

export interface ReceiptBatch {
  add(conversationId: string, marks: ReceiptMarks): void;
  stop(): void;
}

/** `sent` is called for what reached the connection; the rest is reported again after the next synchronisation. */
export function createReceiptBatch(
  timers: Timers,
  send: (frame: ClientFrame) => boolean,
  sent: (conversationId: string, marks: ReceiptMarks) => void,
): ReceiptBatch {
  const waiting = new Map<string, ReceiptMarks>();
  let cancel: (() => void) | null = null;

  const flush = (): void => {
    cancel = null;
    for (const [conversationId, marks] of waiting) {
      const { delivered, read } = marks;
      const frame: ClientFrame = {
        t: "receipt",
        conversationId,
        ...(delivered !== undefined && { delivered }),
        ...(read !== undefined && { read }),
      };
      if (send(frame)) sent(conversationId, marks);
    }
    waiting.clear();
  };

  return {
    add(conversationId, marks) {
      const before = waiting.get(conversationId);
      waiting.set(conversationId, {
        delivered: marks.delivered ?? before?.delivered,
        read: marks.read ?? before?.read,
      });
      cancel ??= timers.after(BATCH_MS, flush);
    },
    stop() {
      cancel?.();
      cancel = null;
      waiting.clear();
    },
  };
}
