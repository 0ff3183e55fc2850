import type { Edge } from "../edge.ts";
import { EdgeError } from "../errors.ts";
import type { Exchange } from "../exchange.ts";

export interface BodyOptions {
  /**
   * Whether a handler is given a body that came without `Content-Length` while it still arrives. By default it is read
   * first, within the route's `bodyBytes`: a handler then has a whole body or none, also where it hands it to `fetch`.
   */
  readonly streamBodies?: boolean;
}

/** A request whose body is counted as it is read. */
export interface CountedRequest<R extends Request> {
  readonly request: R;
  /** Whether the body passed its limit: what the handler answers then came of a body it never saw whole. */
  passedLimit(): boolean;
}

/**
 * Counts a body that came without `Content-Length` (with one, the platform holds the peer to it). Past the limit whoever
 * reads it gets an `EdgeError`. On Workers `fetch` hides that error from whom it sends the body to: see `passOn` there.
 */
export function countBody<R extends Request>(request: R, limit: number): CountedRequest<R> {
  const { body } = request;
  if (body === null || isMeasured(request)) return { request, passedLimit: () => false };
  let received = 0;
  const counter = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      received += chunk.byteLength;
      if (received <= limit) controller.enqueue(chunk);
      else controller.error(new EdgeError("body-too-large", "The request's body passed its limit"));
    },
  });
  const counted = withBody(request, body.pipeThrough(counter));
  return { request: counted, passedLimit: () => received > limit };
}

/** Nothing of a measured body is read early, unless a policy must see it. */
export function isReadFirst(
  exchange: Exchange,
  request: Request,
  { streamBodies = false }: BodyOptions,
): boolean {
  return exchange.needsBody || !(streamBodies || request.body === null || isMeasured(request));
}

function isMeasured({ headers }: Request): boolean {
  return headers.has("content-length");
}

/** Shows the whole body to the policies that ask for it; the request that is returned can be read as if nobody had looked. */
export async function readBody<R extends Request>(edge: Edge, exchange: Exchange, request: R): Promise<R> {
  const body = new Uint8Array(await request.arrayBuffer());
  if (exchange.needsBody) await edge.admitBody(exchange, body);
  return request.body === null ? request : withBody(request, body);
}

/** Subclasses, such as those of frameworks, keep what they add. */
function withBody<R extends Request>(request: R, body: ReadableStream | Uint8Array<ArrayBuffer>): R {
  const Constructor = request.constructor as new (request: Request, init: object) => R;
  return new Constructor(request, { body, duplex: "half" });
}
