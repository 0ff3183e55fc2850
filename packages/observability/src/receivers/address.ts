/** Where a receiver stands. What proves us to it is a secret and stands elsewhere. */
export type ReceiverAddress =
  | { readonly kind: "log" }
  /** Of an incoming webhook, whose whole URL is the secret. */
  | { readonly kind: "slack"; readonly via: "webhook" }
  /** Of `chat.postMessage`, with a bot's token. `api` ends without a slash. */
  | { readonly kind: "slack"; readonly via: "api"; readonly api: string; readonly channel: string }
  | { readonly kind: "email"; readonly to: readonly string[] }
  | { readonly kind: "pagerduty"; readonly url: string }
  | { readonly kind: "webhook"; readonly url: string }
  /** A dead man's switch. Null: its whole URL is the secret. */
  | { readonly kind: "heartbeat"; readonly url: string | null };

export interface ReceiverConfig {
  /** Routes call it so. */
  readonly name: string;
  readonly address: ReceiverAddress;
}

const NAME = "[a-z][a-z0-9-]{0,62}";
const NAMED = new RegExp(`^(?:(${NAME})=)?(.+)$`);
const OVER_HTTP = /^(slack|pagerduty|webhook|heartbeat)\+(?=https?:\/\/)/;
/** An id, or a name with or without its number sign. */
const CHANNEL = /^#?[\w.-]{1,80}$/;
const MAILBOX = /^[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[a-zA-Z0-9.-]{1,253}$/;
const SLACK_API = "https://slack.com/api";
/** The service regions of PagerDuty (Events API v2, "Overview"). */
const PAGERDUTY: Readonly<Record<string, string>> = {
  "": "https://events.pagerduty.com/v2/enqueue",
  eu: "https://events.eu.pagerduty.com/v2/enqueue",
};

/**
 * Reads `NAME=ADDRESS`, or an address alone, whose kind is its name then: `log`, `slack:` (an incoming webhook),
 * `slack:CHANNEL`, `slack+https://HOST/api?channel=CHANNEL`, `mailto:A@HOST;B@HOST`, `pagerduty:`, `pagerduty:eu`,
 * `pagerduty+https://HOST/PATH`, `webhook+https://HOST/PATH`, `heartbeat:`, `heartbeat+https://HOST/PATH`. Null for anything
 * else.
 */
export function parseReceiver(text: string): ReceiverConfig | null {
  const [, name, rest = ""] = NAMED.exec(text) ?? [];
  const address = parseAddress(rest);
  return address === null ? null : { name: name ?? address.kind, address };
}

function parseAddress(text: string): ReceiverAddress | null {
  if (text === "log") return { kind: "log" };
  const [, kind] = OVER_HTTP.exec(text) ?? [];
  if (kind !== undefined) return parseUrl(kind, text.slice(kind.length + 1));
  const colon = text.indexOf(":");
  const rest = text.slice(colon + 1);
  switch (text.slice(0, Math.max(colon, 0))) {
    case "slack":
      return rest === "" ? { kind: "slack", via: "webhook" } : slackApi(SLACK_API, rest);
    case "mailto":
      return mailboxes(rest.split(";"));
    case "pagerduty":
      return Object.hasOwn(PAGERDUTY, rest) ? { kind: "pagerduty", url: PAGERDUTY[rest] as string } : null;
    case "heartbeat":
      return rest === "" ? { kind: "heartbeat", url: null } : null;
    default:
      return null;
  }
}

function parseUrl(kind: string, text: string): ReceiverAddress | null {
  const url = URL.parse(text);
  if (url === null || url.username !== "" || url.password !== "" || url.hash !== "") return null;
  if (kind === "webhook" || kind === "heartbeat") return { kind, url: url.href };
  // Their requests carry the credential itself.
  if (!isPrivateWay(url)) return null;
  if (kind === "pagerduty") return { kind, url: url.href };
  const channel = url.searchParams.get("channel") ?? "";
  return slackApi(`${url.origin}${url.pathname.replace(/\/+$/, "")}`, channel);
}

/** Nobody reads on the way: TLS, or within this machine. */
export function isPrivateWay({ protocol, hostname }: URL): boolean {
  return protocol === "https:" || (protocol === "http:" && isLoopback(hostname));
}

/** As `URL` writes host names. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}

function slackApi(api: string, channel: string): ReceiverAddress | null {
  return CHANNEL.test(channel) ? { kind: "slack", via: "api", api, channel } : null;
}

function mailboxes(to: readonly string[]): ReceiverAddress | null {
  return to.every((mailbox) => MAILBOX.test(mailbox)) ? { kind: "email", to } : null;
}
