import { type SpanContext, TraceFlags } from "@opentelemetry/api";
import { TraceState } from "@opentelemetry/core";

/** What is read of a request's header fields. The edge's facts fit. */
export interface ParentFields {
  header(name: string): string | undefined;
  repeated(name: string): boolean;
}

/** W3C Trace Context, 3.2: a version, and for version 00 exactly three fields. Later versions may go on after a hyphen. */
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const MAX_TRACEPARENT = 256;
/** Section 3.3.1.1: what a vendor should be able to hand on; a longer list is dropped whole. */
const MAX_TRACESTATE = 512;
const SAMPLED = 1;

/**
 * The caller's place in a trace, as their `traceparent` says; null when there is none or it is not exactly one well-formed
 * field. It is the peer's word: nothing may be decided by it, and `tracestate` is theirs to read, not ours.
 */
export function parentOf(fields: ParentFields): SpanContext | null {
  const text = fields.header("traceparent");
  if (text === undefined || fields.repeated("traceparent")) return null;
  const parent = parentIn(text);
  return parent && { ...parent, ...stateOf(fields.header("tracestate")) };
}

/** The same of a text that stands elsewhere than in a header field. */
export function parentIn(text: string): SpanContext | null {
  if (text.length > MAX_TRACEPARENT) return null;
  const [, version, traceId = "", spanId = "", flags = "", more] = TRACEPARENT.exec(text.trim()) ?? [];
  if (version === undefined || version === "ff" || (version === "00" && more !== undefined)) return null;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return null;
  const isSampled = (Number.parseInt(flags, 16) & SAMPLED) === SAMPLED;
  const traceFlags = isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE;
  return { traceId, spanId, traceFlags, isRemote: true };
}

function stateOf(text: string | undefined): { traceState?: TraceState } {
  return text === undefined || text.length > MAX_TRACESTATE ? {} : { traceState: new TraceState(text) };
}

/** The header fields that tell the next process (section 3.2). */
export function parentFields({ traceId, spanId, traceFlags, traceState }: SpanContext): TraceHeaders {
  const traceparent = `00-${traceId}-${spanId}-${traceFlags & SAMPLED ? "01" : "00"}`;
  const state = traceState?.serialize() ?? "";
  return state === "" ? { traceparent } : { traceparent, tracestate: state };
}

export interface TraceHeaders {
  readonly traceparent: string;
  readonly tracestate?: string;
}
