import type { IncomingMessage } from "node:http";
import { type Answer, startWireServer, type WireServer } from "../wire-server.ts";
import { isMessage, type PostedMessage } from "./slack-blocks.ts";

export const SLACK_TOKEN = "xoxb-of-the-test-0123456789";
export const SLACK_CHANNEL = "C0123456789";
/** The path of an incoming webhook. */
export const SLACK_HOOK = "/services/T00000000/B00000000/ofTheTestXXXXXXXXXXXXXXX";

export interface TestSlack extends WireServer {
  /** What was posted, by either way. */
  readonly messages: readonly PostedMessage[];
  /** Where `chat.postMessage` stands. */
  readonly api: string;
  /** From now on the channel takes nothing, or again. */
  archive(on: boolean): void;
}

/** Slack's incoming webhooks and `chat.postMessage`. What Slack would refuse is refused, with Slack's words. */
export async function startSlack(): Promise<TestSlack> {
  const messages: PostedMessage[] = [];
  let archived = false;
  const post = (request: IncomingMessage, body: string, refuse: (word: string) => Answer): Answer | null => {
    const message = parsed(body);
    if (!/^application\/json\b/.test(request.headers["content-type"] ?? "") || message === null)
      return refuse("invalid_payload");
    if (!isMessage(message)) return refuse("invalid_blocks");
    if (archived) return refuse("channel_is_archived");
    messages.push(message);
    return null;
  };
  const server = await startWireServer({
    answer(request, body) {
      if (request.method !== "POST") return word(405, "method_not_allowed");
      if (request.url === "/api/chat.postMessage") return postMessage(request, body, post);
      if (!request.url?.startsWith("/services/")) return word(404, "no_service");
      if (request.url !== SLACK_HOOK) return word(403, "invalid_token");
      return post(request, body, (reason) => word(HOOK_STATUS[reason] ?? 400, reason)) ?? word(200, "ok");
    },
    faults: {
      denied: word(403, "action_prohibited"),
      throttled: { ...word(429, "rate_limited"), headers: { "retry-after": "30" } },
      failing: word(500, "rollup_error"),
    },
  });
  const archive = (on: boolean): void => {
    archived = on;
  };
  return Object.assign(server, { messages, api: `${server.address}/api`, archive });
}

const HOOK_STATUS: Readonly<Record<string, number>> = { channel_is_archived: 410 };

type Post = (request: IncomingMessage, body: string, refuse: (word: string) => Answer) => Answer | null;

/** Errors are answers with status 200. */
function postMessage(request: IncomingMessage, body: string, post: Post): Answer {
  const refuse = (error: string): Answer => json({ ok: false, error });
  if (request.headers.authorization !== `Bearer ${SLACK_TOKEN}`) return refuse("invalid_auth");
  if (parsed(body)?.channel !== SLACK_CHANNEL) return refuse("channel_not_found");
  const refused = post(request, body, (reason) => refuse(reason.replace("channel_is_", "is_")));
  return refused ?? json({ ok: true, channel: SLACK_CHANNEL, ts: "1700000000.000100" });
}

function word(status: number, body: string): Answer {
  return { status, body, headers: { "content-type": "text/html" } };
}

function json(body: object): Answer {
  return { status: 200, body: JSON.stringify(body) };
}

function parsed(body: string): Record<string, unknown> | null {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}
