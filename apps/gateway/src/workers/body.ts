/**
 * Hands a body of unknown length to `fetch`. workerd ends the request where a stream given to it fails, as if the body were
 * whole there, and the upstream would act on a body cut short. So the stream is copied, and `cut` must abort the `fetch`
 * when the client breaks off or its body passes the limit.
 */
export function handOver(body: ReadableStream<Uint8Array>, cut: () => void): ReadableStream<Uint8Array> {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  void copy(body.getReader(), writable.getWriter(), cut);
  return readable;
}

type Reader = ReadableStreamDefaultReader<Uint8Array>;
type Writer = WritableStreamDefaultWriter<Uint8Array>;

async function copy(reader: Reader, writer: Writer, cut: () => void): Promise<void> {
  const read = () =>
    reader.read().catch((error: unknown) => {
      cut();
      throw error;
    });
  // An upstream that answers early reads no further: the failure is told by `write` already.
  writer.closed.catch(() => {});
  try {
    for (let part = await read(); !part.done; part = await read()) await writer.write(part.value);
    await writer.close();
  } catch (error) {
    await Promise.allSettled([reader.cancel(error), writer.abort(error)]);
  }
}
