import type { Account as ServerAccount } from "@rempart/messaging/contract";
import type { Connection as ConnectionView, ConversationView, KeyAlert, Me } from "../../client/api.ts";
import type { Cell } from "../../client/cell.ts";
import type { ConversationDeps } from "../conversation/deps.ts";
import { withReceipt } from "../conversation/receipts.ts";
import { isTransient } from "../errors.ts";
import { createConnection } from "../net/connection.ts";
import type { Rest } from "../net/rest.ts";
import type { CorePorts } from "../ports.ts";
import { createKeyWatch } from "../transparency/key-watch.ts";
import type { TimelineStores } from "../views/timelines.ts";
import { createBoot } from "./boot.ts";
import { type AccountCommands, createAccountCommands } from "./commands.ts";
import { openDeviceState } from "./device-state.ts";
import { createFrameHandler } from "./frames.ts";
import { type AccountEnd, createGuard } from "./guard.ts";
import { meOf } from "./me.ts";
import { createPresence } from "./presence.ts";
import { createReceiptBatch } from "./receipts.ts";
import { openRooms } from "./rooms.ts";
import { createSync } from "./sync.ts";
import { createTokenRefresh } from "./token-refresh.ts";
import { createTyping } from "./typing.ts";

export type { AccountEnd } from "./guard.ts";

export interface Account {
  me(): Me;
  readonly commands: AccountCommands;
  /** Registers the device and connects; keeps trying until it is closed. */
  start(): void;
  /** The server said who this is. */
  became(account: ServerAccount): void;
  /** Asks the server who this is. */
  reload(): Promise<void>;
  /** Removes this device from the account on the server. */
  removeDevice(): Promise<void>;
  /** Erases keys and history from this browser. */
  erase(): Promise<void>;
  close(): void;
}

export interface AccountEvents {
  ended(end: AccountEnd): void;
  changed(me: Me): void;
  /** The server took the session for this account's. */
  welcomed(): void;
}

export interface AccountStores {
  readonly connection: Cell<ConnectionView>;
  readonly conversations: Cell<readonly ConversationView[] | null>;
  readonly keyAlerts: Cell<readonly KeyAlert[]>;
  readonly timelines: TimelineStores;
}

export type OpenAccount = (me: Me, events: AccountEvents) => Promise<Account>;

/** The name of an account's storage. */
export function storageOf(userId: string): string {
  return `rempart-${userId}`;
}

/** Opens an account's encrypted state and puts it to work. The caller holds the account's ownership. */
export function accountOpener(ports: CorePorts, plainRest: Rest, stores: AccountStores): OpenAccount {
  return async (initial, events) => {
    const name = storageOf(initial.id);
    const guard = createGuard(events.ended);
    const rest = guard.rest(plainRest);
    const state = await openDeviceState(ports, name, initial.id, rest, guard);
    const { device, directory } = state;
    let me: Me = { ...initial, deviceId: device.deviceId };

    const failed = (error: unknown): void => {
      if (guard.closed || guard.ends(error)) return;
      if (!isTransient(error)) ports.report("background-work-failed", error);
      sync.again();
    };

    const became = (account: ServerAccount): void => {
      const before = me;
      me = meOf(account, device.deviceId);
      events.changed(me);
      if (me.role !== before.role) refresh.now().catch(failed);
      if (me.name === before.name) return;
      directory
        .learn([{ id: me.id, name: me.name }])
        .then(rooms.touchAll)
        .catch(failed);
    };
    const reload = async (): Promise<void> => became((await rest.call("session", {})).account);

    /** The socket was refused for want of a session: the server's answer says which way it ended. */
    const recheckSession = async (): Promise<void> => {
      await reload();
      connection.start();
    };

    const connection = createConnection(ports, `/ws?device=${device.deviceId}`, {
      state(connected) {
        stores.connection.set(connected);
        if (connected.status === "online") events.welcomed();
        else for (const room of rooms.all()) room.disconnected();
      },
      frame: (frame) => handle(frame),
      refused(reason) {
        if (reason === "device-revoked") guard.end("device-removed");
        else recheckSession().catch(failed);
      },
    });
    const presence = createPresence(connection.send, () => rooms.touchAll());
    const typing = createTyping(ports, connection.send, (id) => rooms.touch(id));
    const receipts = createReceiptBatch(ports.timers, connection.send, (id, marks) =>
      rooms.get(id)?.store.adjustMembers((members) => withReceipt(members, me.id, marks)),
    );
    const deps: ConversationDeps = {
      ...state,
      ports,
      rest,
      myId: me.id,
      myDeviceId: device.deviceId,
      send: connection.send,
      online: () => stores.connection.get().status === "online",
      failed,
      reportReceipt: receipts.add,
    };
    const rooms = await openRooms(
      deps,
      { online: presence.online, typing: typing.people },
      {
        list(conversations) {
          stores.conversations.set(conversations);
          presence.watch(conversations.flatMap(({ members }) => members.map(({ id }) => id)));
        },
        timeline: stores.timelines.set,
      },
    );
    const sync = createSync({
      deps,
      rooms,
      failed,
      welcomed: () => void boot.replenish().catch(failed),
    });
    const handle = createFrameHandler({ rooms, presence, typing, sync, failed });
    const boot = createBoot({
      ports,
      rest,
      guard,
      state,
      connection,
      waiting: (retryAt) => stores.connection.set({ status: "offline", retryAt }),
    });
    const refresh = createTokenRefresh({ ports, rest, vault: state.vault, refreshed: became, failed });
    const keyWatch = createKeyWatch({
      ports,
      rest,
      state,
      userId: me.id,
      alerts: stores.keyAlerts.set,
      failed,
    });
    const reconnect = (): void => {
      boot.wake();
      connection.reconnect();
    };

    const close = (): void => {
      guard.close();
      boot.wake();
      refresh.stop();
      keyWatch.stop();
      receipts.stop();
      sync.stop();
      connection.stop();
      rooms.stop();
      state.storage.close();
      stores.timelines.clear();
      stores.conversations.set(null);
      stores.keyAlerts.set([]);
    };

    stores.timelines.fillWith(rooms.watch);
    return {
      me: () => me,
      commands: createAccountCommands({
        deps,
        rooms,
        typing,
        sync,
        keyWatch,
        reconnect,
        accountChanged: reload,
      }),
      start() {
        boot.start().then(keyWatch.start).catch(failed);
        refresh.start().catch(failed);
      },
      became,
      reload,
      async removeDevice() {
        await rest.call("revokeDevice", { params: { deviceId: device.deviceId } });
      },
      async erase() {
        close();
        await ports.deleteStorage(name);
      },
      close,
    };
  };
}
