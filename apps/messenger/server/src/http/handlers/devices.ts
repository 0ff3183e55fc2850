import { acknowledgeWelcome, readWelcomes } from "../../conversations/welcomes.ts";
import {
  listDevices,
  publicDevicesOf,
  registerDevice,
  requireOwnDevice,
  revokeDevice,
} from "../../devices/devices.ts";
import type { DeviceOwner } from "../../devices/key-changes.ts";
import { claimKeyPackages, uploadKeyPackages } from "../../devices/key-packages.ts";
import { isRefusal, refuse } from "../../refusal.ts";
import type { Call, Handlers } from "../call.ts";
import { clientOf } from "./answers.ts";
import type { Services } from "./services.ts";

type DeviceRoute =
  | "userDevices"
  | "devices"
  | "registerDevice"
  | "revokeDevice"
  | "uploadKeyPackages"
  | "claimKeyPackages"
  | "welcomes"
  | "acknowledgeWelcome";

export function deviceHandlers(services: Services): Pick<Handlers, DeviceRoute> {
  const { database, clock, hub, identity } = services;
  const ownerOf = (call: Pick<Call<"registerDevice">, "caller" | "context" | "userAgent">): DeviceOwner => ({
    userId: call.caller.account.id,
    ...clientOf(call),
  });
  return {
    async userDevices({ params }) {
      const [user] = await identity.getUsers([params.userId]);
      if (user === undefined) return refuse("unknown-user");
      const devices = await publicDevicesOf(database, [params.userId]);
      return { user: { id: user.id, name: user.name }, devices };
    },
    async devices({ caller }) {
      return { devices: await listDevices(database, clock, caller.account.id) };
    },
    async registerDevice(call) {
      const device = await registerDevice(services, ownerOf(call), call.body);
      return isRefusal(device) ? device : { device };
    },
    async revokeDevice(call) {
      const { deviceId } = call.params;
      const conversations = await revokeDevice(services, ownerOf(call), deviceId);
      if (isRefusal(conversations)) return conversations;
      hub.revokeDevice(deviceId);
      for (const conversationId of conversations) {
        hub.toConversation(conversationId, { t: "conversation", conversationId });
      }
      return null;
    },
    uploadKeyPackages({ caller, params, body }) {
      const owner = { userId: caller.account.id, deviceId: params.deviceId };
      return uploadKeyPackages(database, clock, owner, body);
    },
    async claimKeyPackages({ caller, body }) {
      const { deviceId, suite } = body;
      const userIds = [...new Set(body.userIds)];
      const refusal = await requireOwnDevice(database, caller.account.id, deviceId);
      if (refusal !== null) return refusal;
      const known = await identity.getUsers(userIds);
      if (known.length !== userIds.length) return refuse("unknown-user");
      return { devices: await claimKeyPackages(database, clock, { userIds, deviceId, suite }) };
    },
    async welcomes({ caller, params }) {
      const refusal = await requireOwnDevice(database, caller.account.id, params.deviceId);
      return refusal ?? { welcomes: await readWelcomes(database, params.deviceId) };
    },
    async acknowledgeWelcome({ caller, params }) {
      const refusal = await requireOwnDevice(database, caller.account.id, params.deviceId);
      if (refusal !== null) return refusal;
      await acknowledgeWelcome(database, params.deviceId, params.welcomeId);
      return null;
    },
  };
}
