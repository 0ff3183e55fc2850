import type { Exchange } from "@rempart/edge";
import { passOn } from "@rempart/edge/workers";
import { explain } from "@rempart/kernel";
import type { TraceHeaders } from "@rempart/observability/telemetry";
import { answerFields } from "../core/answer-fields.ts";
import { requestFields, toldOf } from "../core/request-fields.ts";
import type { Route } from "../core/routing.ts";
import { isForwardable } from "../core/target.ts";
import { type Health, isFailing } from "../core/upstream/health.ts";
import { mayRetry } from "../core/upstream/retry.ts";
import type { Upstream } from "../core/upstream/upstream.ts";
import { GatewayError } from "../errors.ts";

/** An origin that `fetch` reaches. */
export interface WorkerTarget {
  readonly name: string;
  health: Health;
  inFlight: number;
}

export interface WorkerPassage {
  readonly route: Route;
  readonly upstream: Upstream<WorkerTarget>;
  readonly owns: (name: string) => boolean;
  /** What the upstream is told of the request's trace. */
  readonly told: (facts: Exchange["facts"]) => TraceHeaders | null;
}

/** What is used of a Worker's answer beyond `Response`. */
interface WorkerResponse extends Response {
  /** The other end, after a 101. */
  readonly webSocket?: unknown;
}

/** Methods that `fetch` sends without a body. */
const BODILESS = new Set(["GET", "HEAD"]);
/** Statuses that `Response` takes without a body (Fetch, 2.2.3). */
const NULL_BODY = new Set([101, 204, 205, 304]);

/** Passes one admitted request on, and its answer back. Rejects with `GatewayError`. */
export async function forward(
  passage: WorkerPassage,
  request: Request,
  exchange: Exchange,
): Promise<Response> {
  const { target: path } = exchange.facts;
  if (!isForwardable(path))
    throw new GatewayError("refused-request", "Refused: the target's path is ambiguous");
  const { method } = request;
  const { body, signal } = BODILESS.has(method) ? { body: null, signal: request.signal } : passOn(request);
  const sent = {
    method,
    headers: headersOf(request, exchange, passage.told(exchange.facts)),
    body,
    redirect: "manual",
    signal,
  } as const;
  const response = await answerOf(passage.upstream, path, sent, exchange.requestId);
  return exchange.facts.upgrade ? upgraded(passage, response) : passedBack(passage, response);
}

type Sent = RequestInit & { readonly method: string; readonly signal: AbortSignal };

/** The first answer of a target. A request that may be repeated without harm is tried elsewhere. */
async function answerOf(
  upstream: Upstream<WorkerTarget>,
  path: string,
  sent: Sent,
  requestId: string,
): Promise<Response> {
  upstream.admit();
  const tried = new Set<WorkerTarget>();
  const { headersMs } = upstream.settings.timeouts;
  for (let made = 1; ; made += 1) {
    const target = upstream.choose(tried);
    try {
      const response = await attempt(target, path, sent, headersMs);
      upstream.tell(target, !isFailing(response.status), requestId);
      return response;
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      upstream.tell(target, false, requestId);
      // `fetch` does not say how far it came.
      const attempted = {
        method: sent.method,
        made,
        wasSent: true,
        hasBody: sent.body !== null,
        wasAnswered: false,
      };
      if (!mayRetry(attempted, upstream.settings.retry) || !upstream.spendRetry()) throw error;
      tried.add(target);
    }
  }
}

async function attempt(target: WorkerTarget, path: string, sent: Sent, headersMs: number): Promise<Response> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), headersMs);
  target.inFlight += 1;
  try {
    // Joined as text: as a URL, `//name/` would be another host.
    return await fetch(target.name + path, { ...sent, signal: AbortSignal.any([sent.signal, late.signal]) });
  } catch (cause) {
    // The client left, or its body passed the limit: that says nothing about the target.
    if (sent.signal.aborted) throw cause;
    const code = late.signal.aborted ? "upstream-timeout" : "upstream-unreachable";
    throw new GatewayError(code, `${target.name}: ${explain(cause)}`, { cause });
  } finally {
    clearTimeout(timer);
    target.inFlight -= 1;
  }
}

function headersOf(request: Request, exchange: Exchange, trace: TraceHeaders | null): Headers {
  const host = exchange.facts.header("host") ?? "";
  const connection = request.headers.get("connection") ?? undefined;
  const fields = requestFields(flat(request.headers), connection, toldOf(exchange, host, trace));
  const headers = listed(fields);
  if (exchange.facts.upgrade) headers.set("Upgrade", "websocket");
  return headers;
}

function passedBack({ route, owns }: WorkerPassage, response: Response): Response {
  const { status, body } = response;
  const headers = listed(answerFields([], flat(response.headers), null, { owns, kept: route.kept }));
  return new Response(NULL_BODY.has(status) ? null : body, { status, headers });
}

/** The platform joins both ends by itself once the answer is on its way. */
function upgraded({ route, owns }: WorkerPassage, response: WorkerResponse): Response {
  const { status, webSocket } = response;
  if (status !== 101 || webSocket === undefined || webSocket === null) {
    const details = { status };
    throw new GatewayError("upstream-refused-upgrade", `The upstream answered ${status}`, { details });
  }
  const headers = listed(answerFields([], flat(response.headers), null, { owns, kept: route.kept }));
  return new Response(null, { status, headers, webSocket } as ResponseInit);
}

function flat(headers: Headers): string[] {
  const list: string[] = [];
  for (const [name, value] of headers) list.push(name, value);
  return list;
}

function listed(fields: readonly string[]): Headers {
  const headers = new Headers();
  for (let i = 0; i < fields.length; i += 2) headers.append(fields[i] as string, fields[i + 1] as string);
  return headers;
}
