/** What `fetch` takes to send a body. */
export interface PassedOn {
  readonly body: ReadableStream<Uint8Array> | null;
  readonly signal: AbortSignal;
}

/**
 * Passes a request's body on while it arrives: `fetch(url, { method, headers, ...passOn(request) })`. Given the stream
 * itself, workerd's `fetch` ends what it sends where the stream fails, as if the body were whole there; here it fails too,
 * and its connection is cut, when the client breaks off or its body passes the limit. For use with `streamBodies`.
 */
export function passOn(request: Request): PassedOn {
  const { body, headers, signal } = request;
  // A declared length holds the platform to it: such a body cannot end early and look whole.
  if (body === null || headers.has("content-length")) return { body, signal };
  const cut = new AbortController();
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  void copy(body.getReader(), writable.getWriter(), () => cut.abort());
  return { body: readable, signal: AbortSignal.any([signal, cut.signal]) };
}

type Reader = ReadableStreamDefaultReader<Uint8Array>;
type Writer = WritableStreamDefaultWriter<Uint8Array>;

async function copy(reader: Reader, writer: Writer, cut: () => void): Promise<void> {
  const read = () =>
    reader.read().catch((error: unknown) => {
      cut();
      throw error;
    });
  // Whoever is sent the body may answer early and read no further: `write` tells of the failure already.
  writer.closed.catch(() => {});
  try {
    for (let part = await read(); !part.done; part = await read()) await writer.write(part.value);
    await writer.close();
  } catch (error) {
    await Promise.allSettled([reader.cancel(error), writer.abort(error)]);
  }
}
