import { randomUUID } from "node:crypto";
import { type Bytes, systemClock, systemRandom, toBase64Url } from "@rempart/kernel";
import type { Message, ProblemCode, RouteName, SignedIn, Suite } from "@rempart/messaging/contract";
import { ROUTES, type Route } from "@rempart/messaging/contract";
import { createMlsEngine, type DeviceKeys, type Group, type KeyPackage } from "@rempart/messaging/engine";
import { TestSocket } from "./socket.ts";

/** The directory of the tests believes every leaf: what the server checks is what is tested here. */
export const engine = createMlsEngine({ directory: { verify: async () => true }, clock: systemClock });

export interface Reply {
  readonly status: number;
  readonly code: ProblemCode | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: a reply of any route; the tests look at what they expect.
  readonly body: any;
  readonly headers: Headers;
}

export interface CallInput {
  params?: Record<string, string>;
  query?: Record<string, string | number>;
  body?: unknown;
}

/** A signed-in account with a device of its own and real keys, talking to one server over its public interface. */
export class Person {
  readonly url: string;
  readonly name: string;
  cookie = "";
  id = "";
  keys!: DeviceKeys;
  readonly packages = new Map<string, KeyPackage>();
  readonly groups = new Map<string, Group>();

  constructor(url: string, name: string) {
    this.url = url;
    this.name = name;
  }

  get deviceId(): string {
    return this.keys.deviceId;
  }

  /** Signs up and registers a device. */
  static async arrive(url: string, name: string): Promise<Person> {
    const person = new Person(url, name);
    const reply = await person.call("signUp", {
      body: { email: `${name}-${randomUUID()}@example.org`, password: `pass ${randomUUID()}`, name },
    });
    if (reply.status !== 201) throw new Error(`sign-up: ${JSON.stringify(reply.body)}`);
    person.id = (reply.body as SignedIn).account.id;
    await person.registerDevice();
    return person;
  }

  /** The same account on another device or at another server. */
  async another(url = this.url): Promise<Person> {
    const other = new Person(url, this.name);
    other.cookie = this.cookie;
    other.id = this.id;
    await other.registerDevice();
    return other;
  }

  async registerDevice(): Promise<void> {
    this.keys = await engine.createDevice({ userId: this.id, deviceId: randomUUID() });
    await this.must("registerDevice", {
      body: { id: this.deviceId, name: "test", signatureKey: toBase64Url(this.keys.signatureKey) },
    });
  }

  async call(name: RouteName, { params = {}, query = {}, body }: CallInput = {}): Promise<Reply> {
    const route: Route = ROUTES[name];
    const path = route.path.replaceAll(/:([a-zA-Z]+)/g, (_, key: string) => params[key] ?? `:${key}`);
    const search = new URLSearchParams(Object.entries(query).map(([key, value]) => [key, String(value)]));
    const response = await fetch(`${this.url}${path}${search.size > 0 ? `?${search}` : ""}`, {
      method: route.method,
      headers: {
        origin: this.url,
        ...(this.cookie === "" ? {} : { cookie: this.cookie }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const cookie = response.headers.get("set-cookie");
    if (cookie !== null) this.cookie = cookie.split(";", 1)[0] as string;
    const text = await response.text();
    const parsed = text === "" ? null : JSON.parse(text);
    return { status: response.status, code: parsed?.code, body: parsed, headers: response.headers };
  }

  /** For what must succeed. */
  async must(name: RouteName, input: CallInput = {}): Promise<Reply["body"]> {
    const reply = await this.call(name, input);
    if (reply.status >= 300) throw new Error(`${name}: ${reply.status} ${JSON.stringify(reply.body)}`);
    return reply.body;
  }

  async uploadKeyPackages(count = 5, suite: Suite = "x25519"): Promise<void> {
    const made = await engine.createKeyPackages(this.keys, { suite, count });
    for (const one of made) this.packages.set(one.id, one);
    await this.must("uploadKeyPackages", {
      params: { deviceId: this.deviceId },
      body: { suite, keyPackages: made.map((one) => toBase64Url(one.public)) },
    });
  }

  /** `again`: one that was uploaded before. */
  async uploadLastResort(suite: Suite = "x25519", again?: KeyPackage): Promise<KeyPackage> {
    const [made] =
      again === undefined ? await engine.createKeyPackages(this.keys, { suite, count: 1 }) : [again];
    if (made === undefined) throw new Error("no key package was made");
    this.packages.set(made.id, made);
    const body = { suite, keyPackages: [], lastResort: toBase64Url(made.public) };
    await this.must("uploadKeyPackages", { params: { deviceId: this.deviceId }, body });
    return made;
  }

  /** Key packages of these people's devices, claimed from the server. */
  async claim(people: readonly Person[], suite: Suite = "x25519"): Promise<Bytes[]> {
    const userIds = [...new Set(people.map((person) => person.id))];
    const { devices } = await this.must("claimKeyPackages", {
      body: { suite, userIds, deviceId: this.deviceId },
    });
    return devices
      .filter((device: { keyPackage: string | null }) => device.keyPackage !== null)
      .map((device: { keyPackage: string }) => new Uint8Array(Buffer.from(device.keyPackage, "base64url")));
  }

  /** Creates a conversation with these people and joins them; each has one device with key packages. */
  async converse(
    people: readonly Person[],
    kind: "direct" | "group" = people.length === 1 ? "direct" : "group",
  ): Promise<string> {
    const { body, group } = await this.firstCommit(people, kind);
    await this.must("createConversation", { body });
    this.groups.set(body.id, group);
    for (const person of people) await person.joinByWelcome(body.id);
    return body.id;
  }

  /** The body of a request that creates a conversation, and the group as it is afterwards. */
  async firstCommit(people: readonly Person[], kind: "direct" | "group") {
    const id = randomUUID();
    for (const person of people) await person.uploadKeyPackages(2);
    const group = await engine.createGroup(this.keys, { conversationId: id, suite: "x25519" });
    const users = [...new Set(people.map((person) => person.id))].filter((user) => user !== this.id);
    const made = await this.makeCommit(group, { add: await this.claim(people), addedUsers: users });
    return { body: { id, kind, suite: "x25519", first: made.body }, group: made.group };
  }

  async makeCommit(
    group: Group,
    change: {
      add?: Bytes[];
      remove?: string[];
      addedUsers?: string[];
      removedUsers?: string[];
    },
  ) {
    const step = await engine.commit(group, { add: change.add ?? [], remove: change.remove ?? [] });
    const { output } = step;
    const body = {
      id: randomUUID(),
      deviceId: this.deviceId,
      epoch: output.epoch,
      commit: toBase64Url(output.commit),
      change: {
        ...output.change,
        addedUsers: change.addedUsers ?? [],
        removedUsers: change.removedUsers ?? [],
      },
      ...(output.welcome === null ? {} : { welcome: toBase64Url(output.welcome) }),
      groupInfo: toBase64Url(output.groupInfo),
    };
    return { body, group: step.group };
  }

  async commit(conversationId: string, change: Parameters<Person["makeCommit"]>[1]): Promise<Reply> {
    const made = await this.makeCommit(this.group(conversationId), change);
    const reply = await this.call("commit", { params: { conversationId }, body: made.body });
    if (reply.status === 201) this.groups.set(conversationId, made.group);
    return reply;
  }

  async joinByWelcome(conversationId: string): Promise<void> {
    const { welcomes } = await this.must("welcomes", { params: { deviceId: this.deviceId } });
    const found = welcomes.find((one: { conversationId: string }) => one.conversationId === conversationId);
    const welcome = new Uint8Array(Buffer.from(found.body, "base64url"));
    const ids = engine.welcomeKeyPackageIds(welcome);
    const keyPackage = ids.map((id) => this.packages.get(id)).find((one) => one !== undefined);
    if (keyPackage === undefined) throw new Error("no key package of this welcome");
    const step = await engine.join(this.keys, { conversationId, welcome, keyPackage });
    this.groups.set(conversationId, step.group);
    await this.must("acknowledgeWelcome", { params: { deviceId: this.deviceId, welcomeId: found.id } });
  }

  async joinExternally(conversationId: string): Promise<Reply> {
    const info = await this.must("groupInfo", { params: { conversationId } });
    const step = await engine.joinExternally(this.keys, {
      conversationId,
      groupInfo: new Uint8Array(Buffer.from(info.groupInfo, "base64url")),
    });
    const { output } = step;
    const body = {
      id: randomUUID(),
      deviceId: this.deviceId,
      epoch: output.epoch,
      commit: toBase64Url(output.commit),
      change: { ...output.change, addedUsers: [], removedUsers: [] },
      groupInfo: toBase64Url(output.groupInfo),
    };
    const reply = await this.call("commit", { params: { conversationId }, body });
    if (reply.status === 201) this.groups.set(conversationId, step.group);
    return reply;
  }

  group(conversationId: string): Group {
    const group = this.groups.get(conversationId);
    if (group === undefined) throw new Error(`${this.name} is not in ${conversationId}`);
    return group;
  }

  /** An encrypted message, ready to be sent. */
  async encrypt(conversationId: string, text: string): Promise<{ id: string; epoch: number; body: string }> {
    const group = this.group(conversationId);
    const step = await engine.encrypt(group, new TextEncoder().encode(text), systemRandom.bytes(32));
    this.groups.set(conversationId, step.group);
    return { id: randomUUID(), epoch: group.epoch, body: toBase64Url(step.output) };
  }

  async send(conversationId: string, text: string): Promise<Reply> {
    const message = await this.encrypt(conversationId, text);
    return this.call("sendMessage", {
      params: { conversationId },
      body: { ...message, deviceId: this.deviceId },
    });
  }

  async decrypt(message: Extract<Message, { kind: "application" }>): Promise<string> {
    const step = await engine.decrypt(
      this.group(message.conversationId),
      new Uint8Array(Buffer.from(message.body, "base64url")),
    );
    this.groups.set(message.conversationId, step.group);
    return new TextDecoder().decode(step.output.body);
  }

  async follow(message: Extract<Message, { kind: "commit" }>): Promise<void> {
    const step = await engine.processCommit(this.group(message.conversationId), {
      commit: new Uint8Array(Buffer.from(message.body, "base64url")),
      change: message.change,
      sender: { userId: message.senderId, deviceId: message.deviceId },
    });
    this.groups.set(message.conversationId, step.group);
  }

  connect(): Promise<TestSocket> {
    return TestSocket.open(this.url, { device: this.deviceId }, { cookie: this.cookie, origin: this.url });
  }
}
