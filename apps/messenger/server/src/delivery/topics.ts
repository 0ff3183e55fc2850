import type { Connection } from "./connection.ts";

/** A conversation that somebody connected here is a member of. */
export class Topic {
  readonly id: string;
  /** Everything up to here was handed to the sockets of this process. */
  head: number;
  /** The highest position that is known to exist. */
  wanted: number;
  /** The beat in which the head last moved. */
  movedAt = 0;
  fetching = false;
  readonly users = new Set<LocalUser>();

  constructor(id: string, head: number) {
    this.id = id;
    this.head = head;
    this.wanted = head;
  }
}

/** A user with at least one socket in this process. */
export class LocalUser {
  readonly id: string;
  readonly connections = new Set<Connection>();
  readonly topics = new Set<Topic>();

  constructor(id: string) {
    this.id = id;
  }
}

/** Who of this process listens to what. */
export class Topics {
  readonly #topics = new Map<string, Topic>();
  readonly #users = new Map<string, LocalUser>();

  topic(id: string): Topic | undefined {
    return this.#topics.get(id);
  }

  user(id: string): LocalUser | undefined {
    return this.#users.get(id);
  }

  get allTopics(): Iterable<Topic> {
    return this.#topics.values();
  }

  get allUsers(): Iterable<LocalUser> {
    return this.#users.values();
  }

  get userCount(): number {
    return this.#users.size;
  }

  ensureUser(id: string): LocalUser {
    const known = this.#users.get(id);
    if (known !== undefined) return known;
    const user = new LocalUser(id);
    this.#users.set(id, user);
    return user;
  }

  /** A known topic keeps its head: what it says was delivered. */
  ensureTopic(id: string, head: number): Topic {
    const known = this.#topics.get(id);
    if (known !== undefined) return known;
    const topic = new Topic(id, head);
    this.#topics.set(id, topic);
    return topic;
  }

  subscribe(user: LocalUser, topic: Topic): void {
    user.topics.add(topic);
    topic.users.add(user);
  }

  unsubscribe(user: LocalUser, topic: Topic): void {
    user.topics.delete(topic);
    topic.users.delete(user);
    this.release(topic);
  }

  /** Forgets a topic that nobody listens to and nothing is being fetched for. */
  release(topic: Topic): void {
    if (topic.users.size === 0 && !topic.fetching) this.#topics.delete(topic.id);
  }

  removeUser(user: LocalUser): void {
    for (const topic of [...user.topics]) this.unsubscribe(user, topic);
    this.#users.delete(user.id);
  }
}
