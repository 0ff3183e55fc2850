/**
 * Fetches what a stranger names (a webhook, a preview, an avatar) without reaching what only we can reach. Every hop is
 * judged by the address it connects to, after resolution, and connects to that very address: a name that answers
 * differently the second time gains nothing (DNS rebinding).
 */
import { lookup } from "node:dns/promises";
import type { AddressKind } from "../address/special.ts";
import { EdgeError } from "../errors.ts";
import { type Hop, type Method, requestPinned } from "./pinned-request.ts";
import { chooseAddress, readTarget, type TargetRefusal, type TargetRules } from "./target.ts";

export interface SafeFetchOptions {
  /** Default `["https"]`. */
  readonly schemes?: readonly ("http" | "https")[];
  /** Default 443, and 80 when `http` is among the schemes. */
  readonly ports?: readonly number[];
  /** Longest body that is read, in bytes as they are on the wire; default 1 MiB. */
  readonly maxBytes?: number;
  /** For resolution, every hop and the whole body together, in milliseconds; default 10,000. */
  readonly timeoutMs?: number;
  readonly maxRedirects?: number;
  /** All addresses of a name. The system's resolver when absent. */
  readonly resolve?: (name: string) => Promise<readonly string[]>;
  /** Certificate authorities (PEM) that are trusted in place of the platform's. */
  readonly ca?: string | readonly string[];
  /** Kinds of address beside `public` that may be reached. With any of them, strangers reach your own network. */
  readonly unsafeAllow?: readonly AddressKind[];
}

export interface SafeRequest {
  readonly method?: Method;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly signal?: AbortSignal;
}

export interface SafeResponse {
  readonly status: number;
  readonly headers: Headers;
  /** As it was on the wire: nothing is decompressed, and none is asked for, so that no bomb can go off. */
  readonly body: Uint8Array;
  /** Where it came from, after redirects. */
  readonly url: string;
}

/**
 * Throws `EdgeError`: `fetch-refused` (`details.reason`), `fetch-too-large`, `fetch-timed-out`, `fetch-failed`. A refusal is
 * an exception here: whoever does not look must not take it for an answer.
 */
export type SafeFetch = (url: string, request?: SafeRequest) => Promise<SafeResponse>;

interface Settings {
  readonly rules: TargetRules;
  readonly maxBytes: number;
  readonly timeoutMs: number;
  readonly maxRedirects: number;
  readonly resolve: (name: string) => Promise<readonly string[]>;
  readonly ca: readonly string[] | undefined;
}

export function createSafeFetch(options: SafeFetchOptions = {}): SafeFetch {
  const settings = readOptions(options);
  return async (url, request = {}) => {
    const deadline = AbortSignal.timeout(settings.timeoutMs);
    const signal = request.signal === undefined ? deadline : AbortSignal.any([deadline, request.signal]);
    try {
      return await follow(url, request, signal, settings);
    } catch (error) {
      if (error instanceof EdgeError) throw error;
      if (deadline.aborted)
        throw new EdgeError("fetch-timed-out", `no answer within ${settings.timeoutMs} ms`);
      throw new EdgeError("fetch-failed", "the other side could not be reached", { cause: error });
    }
  };
}

function readOptions(options: SafeFetchOptions): Settings {
  const schemes = options.schemes ?? ["https"];
  const settings = {
    rules: {
      schemes,
      ports: options.ports ?? (schemes.includes("http") ? [443, 80] : [443]),
      kinds: ["public", ...(options.unsafeAllow ?? [])] as const,
    },
    maxBytes: options.maxBytes ?? 1_048_576,
    timeoutMs: options.timeoutMs ?? 10_000,
    maxRedirects: options.maxRedirects ?? 5,
    resolve: options.resolve ?? resolveAll,
    ca: options.ca === undefined ? undefined : [options.ca].flat(),
  };
  for (const name of ["maxBytes", "timeoutMs", "maxRedirects"] as const) {
    if (!Number.isSafeInteger(settings[name]) || settings[name] < 0)
      throw new TypeError(`${name}: expects a whole number`);
  }
  return settings;
}

async function resolveAll(name: string): Promise<readonly string[]> {
  return (await lookup(name, { all: true })).map(({ address }) => address);
}

async function follow(
  start: string,
  request: SafeRequest,
  signal: AbortSignal,
  settings: Settings,
): Promise<SafeResponse> {
  let hop = await prepare(start, request, settings, signal);
  for (let redirects = 0; ; redirects += 1) {
    const response = await abortable(requestPinned(hop, settings, signal), signal);
    const location = REDIRECTS.has(response.status) ? response.headers.get("location") : null;
    if (location === null) return { ...response, url: hop.url.href };
    if (redirects === settings.maxRedirects) throw refused("redirects");
    const next = afterRedirect(hop, response.status);
    hop = await prepare(location, next, settings, signal, hop.url);
  }
}

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

async function prepare(
  text: string,
  request: SafeRequest,
  settings: Settings,
  signal: AbortSignal,
  from?: URL,
): Promise<Hop> {
  const target = readTarget(text, settings.rules, from);
  if (typeof target === "string") throw refused(target);
  if (from?.protocol === "https:" && target.url.protocol === "http:") throw refused("scheme");
  const addresses = isLiteral(target.host)
    ? [target.host]
    : await abortable(settings.resolve(target.host), signal);
  const address = chooseAddress(addresses, settings.rules);
  if (!isLiteral(address)) throw refused(address as TargetRefusal);
  const isElsewhere = from !== undefined && from.origin !== target.url.origin;
  return {
    url: target.url,
    port: target.port,
    address,
    method: request.method ?? "GET",
    headers: isElsewhere ? withoutSecrets(request.headers) : (request.headers ?? {}),
    body: request.body,
  };
}

/** A WHATWG URL's host with a colon is an IPv6 address, and one that ends in a number is an IPv4 address. */
function isLiteral(host: string): boolean {
  return host.includes(":") || /^\d+\.\d+\.\d+\.\d+$/.test(host);
}

/** Fetch standard, "HTTP-redirect fetch": what was asked with a body is asked again without, unless the status keeps it. */
function afterRedirect(hop: Hop, status: number): SafeRequest {
  const becomesGet = status === 303 ? hop.method !== "HEAD" : status < 303 && hop.method === "POST";
  if (becomesGet) return { method: "GET", headers: withoutNamed(hop.headers, BODY_HEADERS) };
  return { method: hop.method, headers: hop.headers, ...(hop.body === undefined ? {} : { body: hop.body }) };
}

const BODY_HEADERS = new Set([
  "content-type",
  "content-length",
  "content-encoding",
  "content-language",
  "content-location",
]);
/** All that a name of ours could stand for: only these are known to be harmless elsewhere. */
const HARMLESS_HEADERS = new Set(["accept", "accept-language", "user-agent", "content-type"]);

function withoutSecrets(headers: SafeRequest["headers"] = {}): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => HARMLESS_HEADERS.has(name.toLowerCase())),
  );
}

function withoutNamed(
  headers: SafeRequest["headers"] = {},
  names: ReadonlySet<string>,
): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !names.has(name.toLowerCase())));
}

function refused(reason: TargetRefusal | "redirects"): EdgeError {
  return new EdgeError("fetch-refused", `this target is not fetched: ${reason}`, { details: { reason } });
}

/** The system's resolver knows no abortion, and no answer may outlive the deadline: we stop waiting. */
function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
