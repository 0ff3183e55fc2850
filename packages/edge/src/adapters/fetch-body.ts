import { EdgeError } from "../errors.ts";

/** A request whose body is counted as it is read. */
export interface CountedRequest<R extends Request> {
  readonly request: R;
  /** Whether the body passed its limit: what the handler answers then came of a body it never saw whole. */
  passedLimit(): boolean;
}

/**
 * Counts a body that came without `Content-Length` (with one, the platform holds the peer to it). Past the limit whoever
 * reads it gets an `EdgeError`: never a body cut short.
 */
export function countBody<R extends Request>(request: R, limit: number): CountedRequest<R> {
  const { body } = request;
  if (body === null || request.headers.has("content-length")) return { request, passedLimit: () => false };
  let received = 0;
  const counter = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      received += chunk.byteLength;
      if (received <= limit) controller.enqueue(chunk);
      else controller.error(new EdgeError("body-too-large", "The request's body passed its limit"));
    },
  });
  // Subclasses, such as those of frameworks, keep what they add.
  const Constructor = request.constructor as new (request: Request, init: object) => R;
  const counted = new Constructor(request, { body: body.pipeThrough(counter), duplex: "half" });
  return { request: counted, passedLimit: () => received > limit };
}
