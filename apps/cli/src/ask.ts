import { readAtMost } from "@rempart/kernel";
import { CliError } from "./errors.ts";

export interface Answer {
  readonly status: number;
  readonly text: string;
  /** By the clock of who answers, whole seconds; null when it does not say. Milliseconds since the Unix epoch. */
  readonly date: number | null;
}

const LIMIT_MS = 5_000;
const MAX_BYTES = 32 * 1024 * 1024;

/** Rejects when there is no answer in time, or a larger one than anything here gives. */
export async function ask(url: URL): Promise<Answer> {
  const response = await fetch(url, { redirect: "manual", signal: AbortSignal.timeout(LIMIT_MS) });
  const date = Date.parse(response.headers.get("date") ?? "");
  return { status: response.status, text: await bounded(response), date: Number.isNaN(date) ? null : date };
}

async function bounded({ body, url }: Response): Promise<string> {
  const answer = await readAtMost(body, MAX_BYTES);
  if (answer === null) throw new CliError("server-away", `${url} answers without an end`);
  return Buffer.from(answer).toString();
}

/** The JSON of an API that must answer 200. */
export async function askJson(base: URL, path: string): Promise<unknown> {
  const url = under(base, path);
  const { status, text } = await ask(url);
  if (status !== 200) throw new CliError("server-away", `${url.pathname} answers ${status}`);
  return JSON.parse(text);
}

/** A path below an address, which may have one of its own. */
export function under(base: URL, path: string): URL {
  return new URL(path.replace(/^\//, ""), base.href.endsWith("/") ? base : `${base.href}/`);
}
