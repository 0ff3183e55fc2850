import type { Clock } from "@rempart/kernel";
import type { Secret } from "@rempart/runtime";
import { type Answer, judgeStatus, type OutgoingRequest, post } from "./http.ts";
import { parseObject } from "./parsed-json.ts";
import type { Delivery, Receiver } from "./receiver.ts";
import type { Wording } from "./rendering/wording.ts";
import { type SlackMessage, slackMessage } from "./slack-message.ts";

export interface SlackOptions {
  readonly wording: Wording;
  readonly clock: Clock;
}

/** An incoming webhook of Slack, or of what speaks like it. Its URL is the credential. */
export function slackWebhook(name: string, url: Secret, options: SlackOptions): Receiver {
  const request = (message: SlackMessage): OutgoingRequest => ({
    url: url.reveal(),
    headers: {},
    body: JSON.stringify(message),
  });
  return slackReceiver(name, request, judgeWebhook, options);
}

/** `chat.postMessage`, with a bot's token. */
export function slackApi(
  name: string,
  { api, channel, token }: { readonly api: string; readonly channel: string; readonly token: Secret },
  options: SlackOptions,
): Receiver {
  const request = (message: SlackMessage): OutgoingRequest => ({
    url: `${api}/chat.postMessage`,
    headers: { "content-type": "application/json; charset=utf-8", authorization: `Bearer ${token.reveal()}` },
    body: JSON.stringify({ channel, ...message }),
  });
  return slackReceiver(name, request, judgeApi, options);
}

function slackReceiver(
  name: string,
  request: (message: SlackMessage) => OutgoingRequest,
  judge: (answer: Answer) => Promise<Delivery>,
  { wording, clock }: SlackOptions,
): Receiver {
  return {
    name,
    send: (notification, signal) =>
      post(request(slackMessage(notification, wording)), { signal, clock }, judge),
  };
}

/** The body is one word, such as `channel_is_archived`, and the status says the same. */
async function judgeWebhook(answer: Answer): Promise<Delivery> {
  return answer.status < 300 ? judgeStatus(answer) : judgeStatus(answer, wordOf(await answer.text()));
}

/** What passes by itself, of the errors that `chat.postMessage` names. */
const PASSING: readonly unknown[] = [
  "ratelimited",
  "rate_limited",
  "internal_error",
  "fatal_error",
  "service_unavailable",
  "request_timeout",
  "team_added_to_org",
];

/** 200 also for an error, which the body names. */
async function judgeApi(answer: Answer): Promise<Delivery> {
  if (answer.status !== 200) return judgeStatus(answer);
  const body = parseObject(await answer.text());
  if (body?.ok === true) return { kind: "accepted" };
  if (body?.ok !== false) return { kind: "retry", reason: "the answer is not Slack's" };
  const reason = `refused: ${wordOf(body.error) || "no reason given"}`;
  return { kind: PASSING.includes(body.error) ? "retry" : "refused", reason };
}

/** An error's name; empty for anything longer or stranger. */
function wordOf(text: unknown): string {
  return typeof text === "string" && /^[a-z_]{1,60}$/.test(text.trim()) ? text.trim() : "";
}
