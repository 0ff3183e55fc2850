import type { Notification } from "../alerting/notification.ts";
import type { Link } from "./rendering/alert.ts";
import { type RenderedNotification, renderNotification } from "./rendering/render.ts";
import { cut } from "./rendering/text.ts";
import type { Wording } from "./rendering/wording.ts";

/** Slack refuses longer ones (Block Kit reference: header, section, context; "Formatting text"). */
const MAX_HEADER = 150;
const MAX_SECTION = 3_000;
const MAX_ELEMENTS = 10;
/** With the header, the lead and the last lines well below the fifty blocks that a message may have. */
const MOST_ALERTS = 20;

const MARKS = { critical: "🔴", warning: "🟠", info: "🔵", resolved: "🟢" } as const;

type TextObject =
  | { readonly type: "plain_text"; readonly text: string; readonly emoji: false }
  /** `verbatim`: nothing that looks like an address, a channel or a name becomes one. */
  | { readonly type: "mrkdwn"; readonly text: string; readonly verbatim: true };

type Block =
  | { readonly type: "header" | "section"; readonly text: TextObject }
  | { readonly type: "context"; readonly elements: readonly TextObject[] };

export interface SlackMessage {
  /** What a phone shows. */
  readonly text: string;
  readonly mrkdwn: false;
  /** Slack fetches nothing that is named in a message. */
  readonly unfurl_links: false;
  readonly unfurl_media: false;
  readonly blocks: readonly Block[];
}

/**
 * Blocks for a message. Whatever came from a label stands in `plain_text`, where Slack reads no markup; only our own links are
 * `mrkdwn`.
 */
export function slackMessage(notification: Notification, wording: Wording): SlackMessage {
  const rendered = renderNotification(notification, wording, MOST_ALERTS);
  const title = `${MARKS[notification.status === "resolved" ? "resolved" : notification.severity]} ${rendered.title}`;
  return {
    text: escapeWithin(title, MAX_SECTION),
    mrkdwn: false,
    unfurl_links: false,
    unfurl_media: false,
    blocks: [
      { type: "header", text: plain(title, MAX_HEADER) },
      section(rendered.lead),
      ...rendered.alerts.map(({ lines }) => section(lines.join("\n"))),
      ...(rendered.more === null ? [] : [section(rendered.more)]),
      ...linksOf(rendered),
    ],
  };
}

function section(text: string): Block {
  return { type: "section", text: plain(text, MAX_SECTION) };
}

function plain(text: string, limit: number): TextObject {
  return { type: "plain_text", text: escapeWithin(text, limit), emoji: false };
}

/** The runbooks of the alerts, each once, and the console. */
function linksOf({ alerts, console }: RenderedNotification): Block[] {
  const links = new Map<string, Link>();
  for (const { runbook } of alerts) if (runbook !== null) links.set(runbook.url, runbook);
  const shown = [...links.values()].slice(0, MAX_ELEMENTS - 1);
  const elements = [...shown, ...(console === null ? [] : [console])].map(link);
  return elements.length === 0 ? [] : [{ type: "context", elements }];
}

function link({ label, url }: Link): TextObject {
  return {
    type: "mrkdwn",
    text: `<${escapeControls(url.replaceAll("|", "%7C"))}|${escapeControls(label)}>`,
    verbatim: true,
  };
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

/** Slack's three control characters ("Formatting text", "Escaping text"). */
function escapeControls(text: string): string {
  return text.replaceAll(/[&<>]/g, (character) => ENTITIES[character] as string);
}

/** Escaped, and then at most `limit` UTF-16 units; no entity is cut in two. */
function escapeWithin(text: string, limit: number): string {
  let shown = cut(text, limit);
  let escaped = escapeControls(shown);
  while (escaped.length > limit) {
    shown = cut(shown, shown.length - (escaped.length - limit));
    escaped = escapeControls(shown);
  }
  return escaped;
}
