import type { Clock } from "@rempart/kernel";
import { type Logger, Secret } from "@rempart/runtime";
import { ObservabilityError } from "../errors.ts";
import { isPrivateWay, type ReceiverConfig } from "./address.ts";
import { email, smtpOptions } from "./email.ts";
import { heartbeat } from "./heartbeat.ts";
import { logReceiver } from "./log.ts";
import { pagerDuty, readRoutingKey } from "./pagerduty.ts";
import type { Receiver } from "./receiver.ts";
import type { Wording } from "./rendering/wording.ts";
import { slackApi, slackWebhook } from "./slack.ts";
import { readWebhookKeys, webhook } from "./webhook.ts";

export interface ReceiverSettings {
  /** By the receiver's name: a Slack webhook's URL or bot token, a PagerDuty routing key, a webhook's `whsec_…`. */
  readonly secrets: ReadonlyMap<string, Secret>;
  readonly wording: Wording;
  /** What the alerts are about, as a host name; PagerDuty shows it. */
  readonly source: string;
  /** Null: receivers that are mailboxes cannot be made. */
  readonly mail: { readonly server: Secret; readonly from: string } | null;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Reads `NAME=SECRET,NAME=SECRET`. Throws `invalid-configuration`, which repeats none of it. */
export function parseReceiverSecrets(text: Secret): ReadonlyMap<string, Secret> {
  const items = text.reveal().split(",");
  const pairs = items.map((item) => {
    const [, name, secret] = /^([a-z][a-z0-9-]{0,62})=(\S.*)$/.exec(item.trim()) ?? [];
    if (name === undefined || secret === undefined)
      throw wrong("the secrets of receivers are NAME=SECRET, apart by commas");
    return [name, new Secret(secret)] as const;
  });
  return new Map(pairs);
}

/**
 * Throws `invalid-configuration` for two of one name, for a secret that is missing, malformed or nobody's, and for a time
 * zone that is none.
 */
export function createReceivers(
  configs: readonly ReceiverConfig[],
  settings: ReceiverSettings,
): readonly Receiver[] {
  const names = configs.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw wrong(`two receivers are called "${twice}"`);
  const nobodys = [...settings.secrets.keys()].find((name) => !names.includes(name));
  if (nobodys !== undefined) throw wrong(`there is a secret for "${nobodys}", and no such receiver`);
  if (!isTimeZone(settings.wording.timeZone)) throw wrong("the time zone of notifications is none");
  return configs.map((config) => createReceiver(config, settings));
}

function createReceiver({ name, address }: ReceiverConfig, settings: ReceiverSettings): Receiver {
  const { wording, clock, source } = settings;
  switch (address.kind) {
    case "log":
      return logReceiver(name, settings.log, wording);
    case "email":
      return createEmail(name, address.to, settings);
    case "slack": {
      if (address.via === "webhook")
        return slackWebhook(name, secretOf(name, settings, "the webhook's URL", readUrl), { wording, clock });
      const token = secretOf(name, settings, "a bot's token", readToken);
      return slackApi(name, { ...address, token }, { wording, clock });
    }
    case "pagerduty": {
      const routingKey = secretOf(name, settings, "a routing key of 32 characters", readRoutingKey);
      return pagerDuty(name, { url: address.url, routingKey, source, wording, clock });
    }
    case "webhook": {
      const keys = secretOf(name, settings, "whsec_ and 24 to 64 bytes in base64", readWebhookKeys);
      return webhook(name, { url: address.url, keys, clock });
    }
    case "heartbeat": {
      const { url } = address;
      const place = url === null ? secretOf(name, settings, "the switch's URL", readUrl) : new Secret(url);
      return heartbeat(name, { url: place, source, clock });
    }
  }
}

function createEmail(name: string, to: readonly string[], { mail, wording }: ReceiverSettings): Receiver {
  if (mail === null) throw wrong(`receiver "${name}" needs a mail server`);
  const server = smtpOptions(mail.server);
  if (server === null)
    throw wrong(`receiver "${name}" needs the mail server as smtp://HOST or smtps://HOST, without options`);
  return email(name, { to, from: mail.from, server, wording });
}

function secretOf<T>(
  name: string,
  { secrets }: ReceiverSettings,
  form: string,
  read: (text: string) => T | null,
): T {
  const secret = secrets.get(name);
  const value = secret === undefined ? null : read(secret.reveal());
  if (value === null) throw wrong(`receiver "${name}" needs a secret: ${form}`);
  return value;
}

function readToken(text: string): Secret | null {
  return /^[\x21-\x7e]{1,1000}$/.test(text) ? new Secret(text) : null;
}

function readUrl(text: string): Secret | null {
  const url = URL.parse(text);
  const isPlain = url !== null && url.username === "" && url.password === "";
  return isPlain && isPrivateWay(url) ? new Secret(text) : null;
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

function wrong(message: string): ObservabilityError {
  return new ObservabilityError("invalid-configuration", message);
}
