import { uuidV7Generator } from "@rempart/kernel";
import type { ServerFrame } from "@rempart/messaging/contract";
import { createMlsEngine } from "@rempart/messaging/engine";
import type { Connection as ConnectionView, ConversationView, Me } from "../../client/api.ts";
import type { Cell } from "../../client/cell.ts";
import type { ConversationDeps } from "../conversation/deps.ts";
import { withReceipt } from "../conversation/receipts.ts";
import { CoreError, failsWith, isTransient } from "../errors.ts";
import { createMls } from "../mls/mls.ts";
import { backoff } from "../net/backoff.ts";
import { createConnection } from "../net/connection.ts";
import type { Rest } from "../net/rest.ts";
import { openDirectory } from "../people/directory.ts";
import type { CorePorts } from "../ports.ts";
import { openVault, type Vault } from "../storage/vault.ts";
import type { TimelineStores } from "../views/timelines.ts";
import { type AccountCommands, createAccountCommands } from "./commands.ts";
import { openDevice, registerDevice } from "./device.ts";
import { createFrameHandler } from "./frames.ts";
import { firstKeyPackages, keyPackageSecret, topUpKeyPackages } from "./key-packages.ts";
import { createPresence } from "./presence.ts";
import { createReceiptBatch } from "./receipts.ts";
import { openRooms } from "./rooms.ts";
import { createSync } from "./sync.ts";
import { createTyping } from "./typing.ts";

/** Why the account cannot go on in this tab. */
export type AccountEnd = "expired" | "device-removed" | "suspended" | "storage-full" | "fenced";

export interface Account {
  me(): Me;
  readonly commands: AccountCommands;
  /** Registers the device and connects; keeps trying until it is closed. */
  start(): void;
  renamed(name: string): void;
  /** Removes this device from the account on the server. */
  removeDevice(): Promise<void>;
  /** Erases keys and history from this browser. */
  erase(): Promise<void>;
  close(): Promise<void>;
}

export interface AccountEvents {
  ended(end: AccountEnd): void;
  changed(me: Me): void;
}

export interface AccountStores {
  readonly connection: Cell<ConnectionView>;
  readonly conversations: Cell<readonly ConversationView[] | null>;
  readonly timelines: TimelineStores;
}

export type OpenAccount = (
  identity: { readonly me: Me; readonly incarnation: number | null },
  events: AccountEvents,
) => Promise<Account>;

/** Opens an account's encrypted state and puts it to work. The caller holds the account's ownership. */
export function accountOpener(ports: CorePorts, plainRest: Rest, stores: AccountStores): OpenAccount {
  return async ({ me: initial }, events) => {
    let me = initial;
    let closed = false;
    const name = `rempart-${me.id}`;
    const storage = await ports.openStorage(name);
    const openedVault = await openVault(storage, ports.random);

    const end = (reason: AccountEnd): void => {
      if (closed) return;
      closed = true;
      events.ended(reason);
    };
    const failed = (error: unknown): void => {
      if (closed) return;
      const reason = endOf(error);
      if (reason !== null) end(reason);
      else if (isTransient(error)) sync.again();
      else {
        ports.report("background-work-failed", error);
        sync.again();
      }
    };
    const rest: Rest = {
      async call(route, input) {
        try {
          return await plainRest.call(route, input);
        } catch (error) {
          const reason = endOf(error);
          if (reason !== null) end(reason);
          throw error;
        }
      },
    };

    const vault: Vault = {
      ...openedVault,
      async commit(batch) {
        if (closed) throw new CoreError("closed", "The account was closed");
        try {
          await openedVault.commit(batch);
        } catch (error) {
          const reason = endOf(error);
          if (reason !== null) end(reason);
          throw error;
        }
      },
    };

    const newId = uuidV7Generator(ports.clock, ports.random);
    const directory = await openDirectory(vault, rest);
    const engine = createMlsEngine({ directory, clock: ports.clock });
    const device = await openDevice(vault, engine, me.id, newId);
    me = { ...me, deviceId: device.deviceId };
    const mls = createMls({
      engine,
      device,
      random: ports.random,
      keyPackageSecret: (id) => keyPackageSecret(vault, id),
    });

    const connection = createConnection(ports, `/ws?device=${device.deviceId}`, {
      state(state) {
        stores.connection.set(state);
        if (state.status !== "online") for (const room of rooms.all()) room.disconnected();
      },
      frame: (frame: ServerFrame) => handle(frame),
      refused: (reason) => (reason === "device-revoked" ? end("device-removed") : void recheck()),
    });
    const presence = createPresence(connection.send, () => rooms.touchAll());
    const typing = createTyping(ports, connection.send, (id) => rooms.touch(id));
    const receipts = createReceiptBatch(ports.timers, connection.send, (id, marks) =>
      rooms.get(id)?.store.adjustMembers((members) => withReceipt(members, me.id, marks)),
    );
    const deps: ConversationDeps = {
      ports,
      rest,
      vault,
      mls,
      directory,
      myId: me.id,
      myDeviceId: device.deviceId,
      newId,
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
    const sync = createSync({ deps, rooms, failed, reconnect: connection.reconnect });
    const handle = createFrameHandler({ rooms, presence, typing, sync, failed });

    /** The socket was refused for want of a session: the server's answer says which way it ended. */
    const recheck = async (): Promise<void> => {
      try {
        await rest.call("session", {});
        connection.start();
      } catch (error) {
        failed(error);
      }
    };

    const boot = async (): Promise<void> => {
      for (let attempt = 0; !closed; attempt += 1) {
        try {
          const registered = await registerDevice(rest, device, ports.deviceName);
          const keyPackages = await firstKeyPackages(vault, rest, mls, registered);
          connection.start();
          await topUpKeyPackages(vault, rest, mls, { id: registered.id, keyPackages });
          return;
        } catch (error) {
          if (!isTransient(error)) throw error;
          await waitForNetwork(backoff(attempt, ports.random));
        }
      }
    };

    let wake = (): void => undefined;
    const waitForNetwork = (milliseconds: number): Promise<void> =>
      new Promise((resolve) => {
        stores.connection.set({ status: "offline", retryAt: ports.clock.now() + milliseconds });
        const cancel = ports.timers.after(milliseconds, resolve);
        const stop = ports.onOnline(() => wake());
        wake = () => {
          cancel();
          stop();
          resolve();
        };
      });

    stores.timelines.fillWith(rooms.watch);
    return {
      me: () => me,
      commands: createAccountCommands({
        deps,
        rooms,
        typing,
        sync,
        reconnect() {
          wake();
          connection.reconnect();
        },
      }),
      start: () => void boot().catch(failed),
      renamed(newName) {
        me = { ...me, name: newName };
        events.changed(me);
        void directory
          .learn([{ id: me.id, name: newName }])
          .then(rooms.touchAll)
          .catch(failed);
      },
      removeDevice: async () => {
        await rest.call("revokeDevice", { params: { deviceId: device.deviceId } });
      },
      async erase() {
        closed = true;
        connection.stop();
        rooms.stop();
        storage.close();
        await ports.deleteStorage(name);
      },
      async close() {
        closed = true;
        wake();
        receipts.stop();
        sync.stop();
        connection.stop();
        rooms.stop();
        storage.close();
        stores.timelines.clear();
        stores.conversations.set(null);
      },
    };
  };
}

function endOf(error: unknown): AccountEnd | null {
  if (failsWith(error, "unauthenticated")) return "expired";
  if (failsWith(error, "account-suspended", "account-banned")) return "suspended";
  if (failsWith(error, "device-revoked")) return "device-removed";
  if (failsWith(error, "storage-full")) return "storage-full";
  if (failsWith(error, "fenced")) return "fenced";
  return null;
}
