import { type Clock, causes } from "@rempart/kernel";
import type { Delivery } from "./receiver.ts";

export interface OutgoingRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON. */
  readonly body: string;
}

export interface Answer {
  readonly status: number;
  /** Milliseconds from now; undefined where the receiver did not say. */
  readonly retryAfterMs: number | undefined;
  /** The beginning of the body; what cannot be read is empty. */
  text(): Promise<string>;
}

const MAX_ANSWER_BYTES = 65_536;
const REQUEST_TIMEOUT = 408;
const TOO_EARLY = 425;
const TOO_MANY = 429;

/**
 * One POST. A redirect is an answer and not followed: it would carry the notification, and what proves us, elsewhere. Nothing
 * that is thrown on the way is repeated in a reason, since it may name the URL.
 */
export async function post(
  { url, headers, body }: OutgoingRequest,
  { signal, clock }: { readonly signal: AbortSignal; readonly clock: Clock },
  judge: (answer: Answer) => Delivery | Promise<Delivery>,
): Promise<Delivery> {
  let response: Response;
  try {
    const json = { "content-type": "application/json", "user-agent": "Rempart" };
    response = await fetch(url, {
      method: "POST",
      headers: { ...json, ...headers },
      body,
      signal,
      redirect: "manual",
    });
  } catch (error) {
    return { kind: "retry", reason: signal.aborted ? "no answer in time" : `not reached${codeOf(error)}` };
  }
  try {
    return await judge({
      status: response.status,
      retryAfterMs: readRetryAfter(response.headers.get("retry-after"), clock.now()),
      text: () => readBeginning(response),
    });
  } finally {
    await response.body?.cancel().catch(() => undefined);
  }
}

/** What a status says by itself (RFC 9110, 15; RFC 6585, 4). `word` is what the receiver calls it. */
export function judgeStatus({ status, retryAfterMs }: Answer, word = ""): Delivery {
  if (status >= 200 && status < 300) return { kind: "accepted" };
  const reason = `answered ${status}${word === "" ? "" : `: ${word}`}`;
  const passing = status >= 500 || status === TOO_MANY || status === REQUEST_TIMEOUT || status === TOO_EARLY;
  if (status >= 300 && status < 400)
    return { kind: "refused", reason: `${reason}, and no redirect is followed: name the place itself` };
  if (!passing) return { kind: "refused", reason };
  return { kind: "retry", reason, ...(retryAfterMs === undefined ? {} : { afterMs: retryAfterMs }) };
}

const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/** `Retry-After` in seconds or as a date (RFC 9110, 10.2.3), as milliseconds from `now`; undefined for anything else. */
export function readRetryAfter(text: string | null, now: number): number | undefined {
  if (text === null) return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const at = HTTP_DATE.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}

async function readBeginning(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const part of response.body ?? []) {
      parts.push(part);
      length += part.length;
      if (length > MAX_ANSWER_BYTES) break;
    }
  } catch {
    return "";
  }
  return Buffer.concat(parts).subarray(0, MAX_ANSWER_BYTES).toString();
}

/** The system's or the TLS library's own word for it, such as `ECONNREFUSED`. */
function codeOf(error: unknown): string {
  const codes = causes(error).map((link) =>
    link instanceof Error && "code" in link ? link.code : undefined,
  );
  const code = codes.find((text) => typeof text === "string" && /^[A-Z][A-Z0-9_]{1,60}$/.test(text));
  return code === undefined ? "" : ` (${code})`;
}
