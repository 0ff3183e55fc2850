import { type ProblemCode, ROUTES, type Route, type RouteName } from "@rempart/messaging/contract";
import type { z } from "zod";
import { CoreError, isProblemCode } from "../errors.ts";
import type { CorePorts } from "../ports.ts";

type Routes = typeof ROUTES;
type Given<N extends RouteName, Part extends "params" | "query" | "body"> =
  Routes[N] extends Record<Part, infer S extends z.ZodType> ? { readonly [P in Part]: z.input<S> } : unknown;

/** What a call needs: exactly the parts its route declares. */
export type RestInput<N extends RouteName> = Given<N, "params"> & Given<N, "query"> & Given<N, "body">;
export type RestAnswer<N extends RouteName> = Routes[N]["answer"] extends infer S extends z.ZodType
  ? z.output<S>
  : null;

export interface Rest {
  /**
   * @throws CoreError with the problem's code; `offline` when the server was not reached, `timeout` when it did not
   * answer in time, `internal-error` when the answer is not what the contract says.
   */
  call<N extends RouteName>(route: N, input: RestInput<N>): Promise<RestAnswer<N>>;
}

const TIMEOUT_MS = 20_000;
/** Commits and welcomes of large groups are megabytes. */
const LARGE_BODY_TIMEOUT_MS = 120_000;

interface Parts {
  readonly params?: Readonly<Record<string, unknown>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
}

export function createRest(ports: Pick<CorePorts, "fetch">): Rest {
  return {
    async call<N extends RouteName>(name: N, input: RestInput<N>) {
      const route: Route = ROUTES[name];
      const response = await request(ports, route, input as Parts);
      if (response.status !== route.status) throw await problem(response);
      return (await answer(route, response)) as RestAnswer<N>;
    },
  };
}

async function request(ports: Pick<CorePorts, "fetch">, route: Route, parts: Parts): Promise<Response> {
  const timeout = route.maxBodyBytes === undefined ? TIMEOUT_MS : LARGE_BODY_TIMEOUT_MS;
  const init: RequestInit = { method: route.method, signal: AbortSignal.timeout(timeout) };
  if (route.body !== undefined) {
    init.body = JSON.stringify(parts.body);
    init.headers = { "content-type": "application/json" };
  }
  try {
    return await ports.fetch(pathOf(route, parts), init);
  } catch (cause) {
    throw unreached(cause);
  }
}

function pathOf(route: Route, { params = {}, query = {} }: Parts): string {
  const path = route.path.replaceAll(/:(\w+)/g, (_, name: string) =>
    encodeURIComponent(String(params[name])),
  );
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  if (given.length === 0) return path;
  return `${path}?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`;
}

function unreached(cause: unknown): CoreError {
  const timedOut = cause instanceof DOMException && cause.name === "TimeoutError";
  return timedOut
    ? new CoreError("timeout", "The server did not answer in time", { cause })
    : new CoreError("offline", "The server cannot be reached", { cause });
}

async function answer(route: Route, response: Response): Promise<unknown> {
  if (route.answer === null) return null;
  const parsed = route.answer.safeParse(await json(response));
  if (parsed.success) return parsed.data;
  throw new CoreError("internal-error", `The answer of ${route.method} ${route.path} is not understood`, {
    cause: parsed.error,
  });
}

async function json(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch (cause) {
    if (cause instanceof SyntaxError) return undefined;
    throw unreached(cause);
  }
}

async function problem(response: Response): Promise<CoreError> {
  const body = await json(response);
  const fields = typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {};
  const code = knownCode(fields.code) ?? (response.status === 503 ? "unavailable" : "internal-error");
  return new CoreError(code, `The server answered ${response.status}`, {
    details: { ...fields, retryAfterSeconds: retryAfter(response) },
  });
}

function knownCode(code: unknown): ProblemCode | null {
  return typeof code === "string" && isProblemCode(code) ? code : null;
}

function retryAfter(response: Response): number | undefined {
  const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds, 3600) : undefined;
}
