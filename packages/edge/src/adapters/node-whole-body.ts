import type { IncomingMessage } from "node:http";

/**
 * The whole body, before a handler reads it: afterwards the request can be read as if nobody had looked. Call it once the
 * body is being counted (`limitStreamedBody`): what passes `limit` bytes is handed on to there at once. Rejects when the
 * peer goes away first, or was refused.
 */
export function wholeBody(request: IncomingMessage, limit: number): Promise<Uint8Array> {
  const first = takeBuffered(request);
  if (request.complete) {
    putBack(request, first);
    return Promise.resolve(first);
  }
  const { push } = request;
  const chunks: Buffer[] = [];
  let length = 0;
  return new Promise((resolve, reject) => {
    const gone = (): void => reject(new Error("the peer went away before its body was there"));
    request.once("close", gone);
    request.push = (chunk: Buffer | null) => {
      if (chunk !== null) {
        chunks.push(chunk);
        length += chunk.length;
        if (length <= limit) return true;
      }
      request.push = push;
      putBack(request, first);
      const arrived = Buffer.concat(chunks);
      if (arrived.length > 0) push.call(request, arrived);
      if (chunk !== null) return true;
      request.off("close", gone);
      resolve(Buffer.concat([first, arrived]));
      return push.call(request, null);
    };
  });
}

/** A remote store may have been asked meanwhile: what arrived is buffered already, and counted. */
function takeBuffered(request: IncomingMessage): Buffer {
  return request.readableLength > 0 ? (request.read() as Buffer) : Buffer.alloc(0);
}

function putBack(request: IncomingMessage, chunk: Buffer): void {
  if (chunk.length > 0) request.unshift(chunk);
}
