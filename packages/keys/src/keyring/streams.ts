import type { RecordKey } from "../envelope/data-key.ts";
import type { SealedStreams } from "../ports.ts";
import { ByteSource } from "../stream/byte-source.ts";
import {
  deriveStreamKey,
  encodeStart,
  openChunks,
  readStart,
  type StreamStart,
  sealChunks,
  verifyStart,
} from "../stream/stream.ts";
import type { OpenedKeys } from "./opened-keys.ts";
import type { SealingKey } from "./sealing-key.ts";

interface Ports {
  readonly sealing: SealingKey;
  readonly opened: OpenedKeys;
  readonly nextSalt: () => Uint8Array;
}

/** A stream counts as one record of its data key, and as no bytes: it is sealed under a key of its own. */
export function sealedStreams({ sealing, opened, nextSalt }: Ports): SealedStreams {
  return {
    async *sealStream(source, where) {
      const bytes = new ByteSource(source);
      const salt = nextSalt();
      const { prefix, derived } = await sealing.use(0, (key) => ({
        prefix: key.prefix,
        derived: deriveStreamKey(key, salt, where),
      }));
      try {
        yield encodeStart(prefix, salt, derived.commitment);
        yield* sealChunks(bytes, derived.key);
      } finally {
        derived.key.fill(0);
        await bytes.close();
      }
    },
    async *openStream(source, where) {
      const bytes = new ByteSource(source);
      try {
        const start = await readStart(bytes);
        const derived = await opened.use(start.prefix, (key) => deriveStreamKey(key, start.salt, where));
        yield* openVerified(bytes, start, derived);
      } finally {
        await bytes.close();
      }
    },
  };
}

async function* openVerified(
  bytes: ByteSource,
  start: StreamStart,
  derived: RecordKey,
): AsyncGenerator<Buffer> {
  try {
    verifyStart(start, derived);
    yield* openChunks(bytes, derived.key);
  } finally {
    derived.key.fill(0);
  }
}
