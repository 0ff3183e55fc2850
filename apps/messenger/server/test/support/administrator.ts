import { randomUUID } from "node:crypto";
import { totpCode } from "@rempart/testing";
import type { Messenger } from "../../src/index.ts";
import { Person } from "./person.ts";

export interface AdminReply {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: a reply of any route; the tests look at what they expect.
  readonly body: any;
  readonly headers: Headers;
}

export interface AdminCall {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

/** A request to the administration listener; with a JSON body where there is one. */
export async function askAdmin(
  { adminUrl }: Messenger,
  path: string,
  { method = "GET", body, headers = {} }: AdminCall = {},
): Promise<AdminReply> {
  const json = body === undefined ? {} : { "content-type": "application/json" };
  const response = await fetch(`${adminUrl}${path}`, {
    method,
    headers: { ...json, ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === "" ? null : JSON.parse(text), headers: response.headers };
}

/** The first administrator, who showed a second factor just now. */
export class Administrator {
  readonly person: Person;
  readonly #server: Messenger;
  #token = "";

  private constructor(server: Messenger) {
    this.#server = server;
    this.person = new Person(server.publicUrl, "Root");
  }

  static async arrive(server: Messenger): Promise<Administrator> {
    const administrator = await Administrator.withoutFactor(server);
    const { person } = administrator;
    const { secret } = await person.must("startTotp");
    await person.must("confirmTotp", { body: { code: totpCode(secret) } });
    await administrator.refresh();
    return administrator;
  }

  static async withoutFactor(server: Messenger): Promise<Administrator> {
    const administrator = new Administrator(server);
    const invitation = new URL(server.invitationUrl ?? "").hash.slice("#invitation=".length);
    const email = `root-${randomUUID()}@example.org`;
    const { person } = administrator;
    const body = { email, password: `pass ${randomUUID()}`, name: "Root", invitation };
    person.id = (await person.must("signUp", { body })).account.id;
    await administrator.refresh();
    return administrator;
  }

  /** A new access token, with the roles of this moment. */
  async refresh(): Promise<void> {
    this.#token = (await this.person.must("refresh")).accessToken;
  }

  get token(): string {
    return this.#token;
  }

  ask(path: string, call: AdminCall = {}): Promise<AdminReply> {
    return askAdmin(this.#server, path, {
      ...call,
      headers: { authorization: `Bearer ${this.#token}`, ...call.headers },
    });
  }
}
