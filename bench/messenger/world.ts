/**
 * The people, devices and groups of the bench, made through the public API and with real encryption: the server under
 * test cannot tell them from people. Nothing here is measured.
 */
import {
  type Bytes,
  fromBase64Url,
  systemClock,
  systemRandom,
  toBase64Url,
  uuidV7Generator,
} from "@rempart/kernel";
import { sealBody } from "@rempart/messaging";
import { ROUTES, type Suite } from "@rempart/messaging/contract";
import { type CryptoEngine, createMlsEngine, type DeviceKeys, suiteFor } from "@rempart/messaging/engine";
import type { Participant, Room } from "./load.ts";

export const newId = uuidV7Generator(systemClock, systemRandom);

/** The load believes every credential: it is not the client that is measured. */
const engine: CryptoEngine = createMlsEngine({
  directory: { verify: async () => true },
  clock: systemClock,
});

export interface Person extends Participant {
  readonly device: DeviceKeys;
}

export interface Api {
  readonly port: number;
}

interface SignedInAnswer {
  account: { id: string };
}

export async function call<T>(
  api: Api,
  method: string,
  path: string,
  options: { cookie?: string; body?: unknown } = {},
): Promise<{ value: T; cookie: string | null }> {
  const response = await fetch(`http://localhost:${api.port}${path}`, {
    method,
    headers: {
      Origin: `http://localhost:${api.port}`,
      ...(options.cookie === undefined ? {} : { Cookie: options.cookie }),
      ...(options.body === undefined ? {} : { "Content-Type": "application/json" }),
    },
    ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 300)}`);
  const cookie = response.headers.getSetCookie().find((line) => line.startsWith("__Host-session="));
  return { value: (text === "" ? null : JSON.parse(text)) as T, cookie: cookie?.split(";")[0] ?? null };
}

export async function createPerson(api: Api, name: string): Promise<Person> {
  const signedUp = await call<SignedInAnswer>(api, "POST", ROUTES.signUp.path, {
    body: { email: `${name}.${newId()}@bench.example`, password: "correct horse battery staple", name },
  });
  const cookie = signedUp.cookie;
  if (cookie === null) throw new Error("sign-up answered without a session cookie");
  const userId = signedUp.value.account.id;
  const deviceId = newId();
  const device = await engine.createDevice({ userId, deviceId });
  await registerDevice(api, cookie, deviceId, device.signatureKey);
  return { userId, deviceId, cookie, device };
}

export async function registerDevice(
  api: Api,
  cookie: string,
  deviceId: string,
  signatureKey: Bytes,
): Promise<void> {
  await call(api, "POST", ROUTES.registerDevice.path, {
    cookie,
    body: { id: deviceId, name: "bench", signatureKey: toBase64Url(signatureKey) },
  });
}

/** At most `parallel` at once, in order of the input. */
export async function inParallel<In, Out>(
  inputs: readonly In[],
  work: (input: In, index: number) => Promise<Out>,
  parallel = 8,
): Promise<Out[]> {
  const outputs: Out[] = [];
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < inputs.length; index = next++) {
      outputs[index] = await work(inputs[index] as In, index);
    }
  };
  await Promise.all(Array.from({ length: parallel }, worker));
  return outputs;
}

async function uploadKeyPackage(api: Api, person: Person, suite: Suite): Promise<void> {
  const [keyPackage] = await engine.createKeyPackages(person.device, { suite, count: 1 });
  if (keyPackage === undefined) throw new Error("no key package was made");
  await call(api, "POST", ROUTES.uploadKeyPackages.path.replace(":deviceId", person.deviceId), {
    cookie: person.cookie,
    body: { suite, keyPackages: [toBase64Url(keyPackage.public)] },
  });
}

interface Claimed {
  devices: { id: string; userId: string; keyPackage: string | null }[];
}

/** Creates the conversation of `people` (the first sends) and one ciphertext of a text of `textBytes`. */
export async function createRoom(api: Api, people: readonly Person[], textBytes: number): Promise<Room> {
  const [sender, ...receivers] = people as [Person, ...Person[]];
  const suite = suiteFor(people.length);
  await inParallel(receivers, (person) => uploadKeyPackage(api, person, suite));
  const claimed = await call<Claimed>(api, "POST", ROUTES.claimKeyPackages.path, {
    cookie: sender.cookie,
    body: { suite, userIds: receivers.map((person) => person.userId), deviceId: sender.deviceId },
  });
  const keyPackages = claimed.value.devices.flatMap((device) => fromBase64Url(device.keyPackage ?? "") ?? []);
  const conversationId = newId();
  const alone = await engine.createGroup(sender.device, { conversationId, suite });
  const { group, output } = await engine.commit(alone, { add: keyPackages });
  await call(api, "POST", ROUTES.createConversation.path, {
    cookie: sender.cookie,
    body: {
      id: conversationId,
      kind: people.length === 2 ? "direct" : "group",
      suite,
      first: {
        id: newId(),
        deviceId: sender.deviceId,
        epoch: output.epoch,
        commit: toBase64Url(output.commit),
        change: { ...output.change, addedUsers: receivers.map((person) => person.userId), removedUsers: [] },
        ...(output.welcome === null ? {} : { welcome: toBase64Url(output.welcome) }),
        groupInfo: toBase64Url(output.groupInfo),
      },
    },
  });
  const sealed = await sealBody(
    {
      id: newId(),
      conversationId,
      senderId: sender.userId,
      deviceId: sender.deviceId,
      sentAt: Date.now(),
      content: { type: "text", text: "x".repeat(textBytes) },
    },
    systemRandom,
  );
  const encrypted = await engine.encrypt(group, sealed.bytes, sealed.tag);
  return {
    conversationId,
    epoch: group.epoch,
    sender,
    receivers,
    body: toBase64Url(encrypted.output),
  };
}
