/** One scrape of another process. It is not trusted: its time and its page are bounded, and it may not send us elsewhere. */
import { fromUtf8, readAtMost } from "@rempart/kernel";
import { parseExposition, type ScrapedSample } from "../history/exposition.ts";

export interface Target {
  /** Of its page, in the text exposition format. */
  readonly url: string;
  readonly job: string;
  /** Default: host and port of the address. */
  readonly instance?: string;
  /** For a target that asks who scrapes it. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Keep the samples of these names alone. */
  readonly only?: readonly string[];
}

export interface ScrapeLimits {
  readonly timeoutMs: number;
  readonly maxBytes: number;
}

const ACCEPT = "text/plain;version=0.0.4";

/** Rejects when the target does not answer, answers too much, or nonsense. */
export async function scrape(target: Target, limits: ScrapeLimits): Promise<ScrapedSample[]> {
  const response = await fetch(target.url, {
    headers: { accept: ACCEPT, ...target.headers },
    redirect: "error",
    signal: AbortSignal.timeout(limits.timeoutMs),
  });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`it answered ${response.status}`);
  }
  const samples = parseExposition(await boundedText(response, limits.maxBytes));
  const { only } = target;
  return only === undefined ? samples : samples.filter(({ name }) => only.includes(name));
}

async function boundedText({ body }: Response, maxBytes: number): Promise<string> {
  const page = await readAtMost(body, maxBytes);
  if (page === null) throw new Error(`its page is larger than ${maxBytes} bytes`);
  const text = fromUtf8(page);
  if (text === null) throw new Error("its page is not text in UTF-8");
  return text;
}

/** Throws TypeError for an address that cannot be scraped. */
export function instanceOf({ url, instance }: Target): string {
  const { protocol, host } = new URL(url);
  if (!/^https?:$/.test(protocol)) throw new TypeError(`${url}: a target is asked over HTTP`);
  return instance ?? host;
}
