import { hostname } from "node:os";
import {
  datadogSink,
  elasticsearchSink,
  fileSink,
  lokiSink,
  type Sink,
  splunkSink,
  streamSink,
  syslogSink,
} from "@rempart/audit";
import { RuntimeError, type Secret } from "@rempart/runtime";
import type { AuditConfig } from "../config.ts";

const SERVICE = "rempart-messenger";
const SYSLOG_TLS_PORT = 6514;
const SYSLOG_PORT = 601;

/** Where a sink stands, as one item of `AUDIT_SINKS`. */
export type SinkAddress =
  | { readonly kind: "stdout" }
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "syslog"; readonly host: string; readonly port: number; readonly tls: boolean }
  | { readonly kind: "loki" | "elasticsearch" | "splunk" | "datadog"; readonly url: string };

const RECEIVER = /^(loki|elasticsearch|splunk|datadog)\+(https?):$/;

/** Null for what is no sink's address. */
export function parseSinkAddress(text: string): SinkAddress | null {
  if (text === "stdout") return { kind: "stdout" };
  if (text.startsWith("file:")) return text.length > 5 ? { kind: "file", path: text.slice(5) } : null;
  const url = URL.parse(text);
  if (url === null || url.username !== "" || url.password !== "") return null;
  const tls = url.protocol === "syslog+tls:";
  if (tls || url.protocol === "syslog:") {
    const port = url.port === "" ? (tls ? SYSLOG_TLS_PORT : SYSLOG_PORT) : Number(url.port);
    return url.hostname === "" ? null : { kind: "syslog", host: url.hostname, port, tls };
  }
  const [, kind] = RECEIVER.exec(url.protocol) ?? [];
  if (kind === undefined) return null;
  const address = text.slice(kind.length + 1).replace(/\/+$/, "");
  return { kind: kind as "loki" | "elasticsearch" | "splunk" | "datadog", url: address };
}

/** Each with a name of its own: the place it has reached is remembered under it. */
export function createSinks(config: AuditConfig): Sink[] {
  const counts = new Map<string, number>();
  return config.sinks.map((address) => {
    const count = (counts.get(address.kind) ?? 0) + 1;
    counts.set(address.kind, count);
    return createSink(count === 1 ? address.kind : `${address.kind}-${count}`, address, config);
  });
}

function createSink(name: string, address: SinkAddress, { preset, secrets }: AuditConfig): Sink {
  switch (address.kind) {
    case "stdout":
      return streamSink(name, process.stdout, preset === "development");
    case "file":
      return fileSink(name, address.path);
    case "syslog":
      return syslogSink(name, { ...address, hostname: hostname(), appName: SERVICE });
    case "loki": {
      const { lokiToken: token, lokiTenant: tenant } = secrets;
      const { url } = address;
      return lokiSink(name, { url, job: SERVICE, ...(token && { token }), ...(tenant && { tenant }) });
    }
    case "elasticsearch": {
      const apiKey = secrets.elasticsearchApiKey;
      return elasticsearchSink(name, { url: address.url, index: "rempart-audit", ...(apiKey && { apiKey }) });
    }
    case "splunk": {
      const token = needed(secrets.splunkToken, "AUDIT_SPLUNK_TOKEN");
      return splunkSink(name, { url: address.url, token, host: hostname() });
    }
    case "datadog": {
      const apiKey = needed(secrets.datadogApiKey, "AUDIT_DATADOG_API_KEY");
      return datadogSink(name, { url: address.url, apiKey, service: SERVICE, hostname: hostname() });
    }
  }
}

function needed(secret: Secret | undefined, variable: string): Secret {
  if (secret === undefined) throw new RuntimeError("invalid-configuration", `AUDIT_SINKS needs ${variable}`);
  return secret;
}
