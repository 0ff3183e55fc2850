import type { ConversationView, MessengerClient, Timeline } from "../client/api.ts";
import { listPatch, timelinePatch } from "../client/patch.ts";
import {
  type Changes,
  COMMAND_NAMES,
  type FromWorker,
  NO_TIMELINE,
  type Port,
  type ToWorker,
} from "../client/protocol.ts";

/** Changes of one burst travel together: a catch-up changes the stores thousands of times. */
const BATCH_MS = 12;

/**
 * The worker's side of the protocol. Sends every store's state, then its changes in batches; before an answer the
 * changes that led to it, so that a command's effects show when its promise resolves.
 */
export function serve(core: MessengerClient, port: Port): void {
  const post = (message: FromWorker): void => port.postMessage(message);
  const mirror = createMirror(core);
  let scheduled = false;

  const flush = (): void => {
    const changes = mirror.take();
    if (changes !== null) post({ t: "changes", changes });
  };
  const later = (): void => {
    if (scheduled) return;
    scheduled = true;
    setTimeout(() => {
      scheduled = false;
      flush();
    }, BATCH_MS);
  };

  for (const store of [core.app, core.connection, core.conversations, core.keyAlerts]) store.subscribe(later);
  port.addEventListener("message", async ({ data }) => {
    const message = data as ToWorker;
    if (message.t === "watch") {
      mirror.watch(message.conversationId, later);
      return;
    }
    const result = await run(core, message);
    flush();
    if (message.id !== null) post({ t: "answer", id: message.id, result });
  });
  flush();
}

async function run(core: MessengerClient, call: Extract<ToWorker, { t: "call" }>): Promise<unknown> {
  if (!COMMAND_NAMES.includes(call.name)) return { ok: false, code: "internal" };
  const command = core[call.name] as (...args: readonly unknown[]) => unknown;
  try {
    return await command(...call.args);
  } catch {
    return { ok: false, code: "internal" };
  }
}

interface Mirror {
  watch(conversationId: string, changed: () => void): void;
  /** What changed since the last call; null when nothing did. */
  take(): Changes | null;
}

function createMirror(core: MessengerClient): Mirror {
  const sent = {
    app: null as unknown,
    connection: null as unknown,
    keyAlerts: null as unknown,
    conversations: undefined as readonly ConversationView[] | null | undefined,
    timelines: new Map<string, Timeline>(),
  };

  const takeTimelines = (): NonNullable<Changes["timelines"]> => {
    const patches = [];
    for (const [id, before] of sent.timelines) {
      const now = core.timeline(id).get();
      if (now === before) continue;
      patches.push([id, timelinePatch(before, now)] as const);
      sent.timelines.set(id, now);
    }
    return patches;
  };

  return {
    watch(conversationId, changed) {
      if (sent.timelines.has(conversationId)) return;
      sent.timelines.set(conversationId, NO_TIMELINE);
      core.timeline(conversationId).subscribe(changed);
      changed();
    },
    take() {
      const app = core.app.get();
      const connection = core.connection.get();
      const keyAlerts = core.keyAlerts.get();
      const list = core.conversations.get();
      const timelines = takeTimelines();
      const changes: Changes = {
        ...(app !== sent.app && { app }),
        ...(connection !== sent.connection && { connection }),
        ...(keyAlerts !== sent.keyAlerts && { keyAlerts }),
        ...(list !== sent.conversations && {
          conversations: list && listPatch(sent.conversations ?? [], list),
        }),
        ...(timelines.length > 0 && { timelines }),
      };
      Object.assign(sent, { app, connection, keyAlerts, conversations: list });
      return Object.keys(changes).length > 0 ? changes : null;
    },
  };
}
