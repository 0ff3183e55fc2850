import { type Custody, parsePrefix, splitEnvelope } from "./envelope.ts";

export interface EnvelopeDescription {
  readonly custody: Custody;
  /** The keys that wrap its data key, the primary provider's first. */
  readonly keys: readonly { readonly provider: string; readonly version: string }[];
}

/**
 * What an envelope says of itself, believed by nobody until it opens: good for counting and for choosing what to rewrap.
 * Throws `envelope-malformed`.
 */
export function describeEnvelope(envelope: string): EnvelopeDescription {
  const { custody, wraps } = parsePrefix(splitEnvelope(envelope).prefix);
  return { custody, keys: wraps.map(({ provider, version }) => ({ provider, version })) };
}
