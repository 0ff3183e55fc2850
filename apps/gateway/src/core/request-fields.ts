import type { Exchange } from "@rempart/edge";
import type { TraceHeaders } from "@rempart/observability/telemetry";
import { connectionOptions, staysFromRequest } from "./field-names.ts";

/** What the gateway says of the client, in place of whatever the client said. */
export interface Told {
  /** Canonical text of the address the edge decided on; empty when it is not known. */
  readonly client: string;
  readonly scheme: "http" | "https";
  /** The request's `Host`, which the edge has checked. */
  readonly host: string;
  readonly requestId: string;
  /** Null: there is no trace, or it is a stranger's. */
  readonly trace: TraceHeaders | null;
}

/** What the upstream is told of the client. `host` is the request's own, which the edge has checked. */
export function toldOf(
  { client, scheme, requestId, facts }: Exchange,
  host: string,
  trace: TraceHeaders | null,
): Told {
  return {
    client: client.text,
    scheme: scheme ?? (facts.encrypted ? "https" : "http"),
    host,
    requestId,
    trace,
  };
}

/** Who we are in `Via` (RFC 9110, 7.6.3): a pseudonym, since the host's name is nobody's business. */
const VIA = "1.1 rempart";

/**
 * The fields of the request to the upstream, as a flat list: the client's own without those of the connection (also those
 * its `Connection` names) and without its claims about itself, then the gateway's word. `Host` and framing are not among them.
 * `raw` is a flat list too; `connection` is the request's joined `Connection` field.
 */
export function requestFields(raw: readonly string[], connection: string | undefined, told: Told): string[] {
  const named = connectionOptions(connection);
  const fields: string[] = [];
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string;
    const lower = name.toLowerCase();
    if (staysFromRequest(lower) || named?.has(lower)) continue;
    fields.push(name, raw[i + 1] as string);
  }
  tell(fields, told);
  return fields;
}

/** One element, the client itself: a chain would let a service behind pick the wrong one. */
function tell(fields: string[], { client, scheme, host, requestId, trace }: Told): void {
  const address = client === "" ? "unknown" : client;
  fields.push(
    "X-Forwarded-For",
    address,
    "X-Forwarded-Proto",
    scheme,
    "X-Forwarded-Host",
    host,
    "Forwarded",
    `for=${node(address)};host="${quotable(host)}";proto=${scheme}`,
    "X-Request-Id",
    requestId,
    "Via",
    VIA,
  );
  if (trace === null) return;
  fields.push("Traceparent", trace.traceparent);
  if (trace.tracestate !== undefined) fields.push("Tracestate", trace.tracestate);
}

/** RFC 7239, 6: an IPv6 address stands in brackets, and so in quotes. */
function node(address: string): string {
  return address.includes(":") ? `"[${address}]"` : address;
}

function quotable(host: string): string {
  return host.includes('"') || host.includes("\\") ? host.replaceAll(/["\\]/g, "\\$&") : host;
}
