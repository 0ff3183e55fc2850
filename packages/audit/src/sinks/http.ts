import { readAtMost } from "@rempart/kernel";
import type { Secret } from "@rempart/runtime";
import { canonical, type Json } from "../entry/canonical.ts";
import type { AuditRecord } from "../reading/record.ts";
import { jsonLine } from "./lines.ts";
import type { Sink } from "./sink.ts";

interface Delivery {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What the receiver says after a status that looks like success. Null: it took everything. */
type Objection = (answer: string) => string | null;

const MAX_ANSWER_BYTES = 1024 * 1024;

/** One request for a batch. Anything but 2xx, and any objection in it, is a failure; redirects are not followed. */
function httpSink(
  name: string,
  deliver: (records: readonly AuditRecord[]) => Delivery,
  objection?: Objection,
): Sink {
  return {
    name,
    async write(records, signal) {
      const { url, headers, body } = deliver(records);
      const response = await fetch(url, { method: "POST", headers, body, signal, redirect: "error" });
      const answer = await readAnswer(response);
      if (!response.ok) throw new Error(`the receiver answered ${response.status}: ${answer.slice(0, 200)}`);
      const refused = objection?.(answer) ?? null;
      if (refused !== null) throw new Error(refused);
    },
  };
}

async function readAnswer({ body }: Response): Promise<string> {
  const answer = await readAtMost(body, MAX_ANSWER_BYTES);
  if (answer === null) throw new Error("the receiver's answer is too long");
  return Buffer.from(answer).toString();
}

const JSON_TYPE = { "content-type": "application/json" };

/**
 * Loki's push API: one stream for each kind of event and severity, which are few; everything else is in the line. `retention` is the
 * label by which Loki deletes, as it does other logs.
 */
export function lokiSink(
  name: string,
  { url, job, tenant, token }: { url: string; job: string; tenant?: string; token?: Secret },
): Sink {
  return httpSink(name, (records) => ({
    url: `${url}/loki/api/v1/push`,
    headers: {
      ...JSON_TYPE,
      ...(tenant === undefined ? {} : { "x-scope-orgid": tenant }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token.reveal()}` }),
    },
    body: canonical({ streams: streamsOf(records, job) }),
  }));
}

function streamsOf(records: readonly AuditRecord[], job: string): Json[] {
  const streams = new Map<string, { labels: Record<string, string>; values: string[][] }>();
  for (const record of records) {
    const severity = record.severity ?? "unknown";
    const labels = { job, event_type: record.label, severity, retention: "audit" };
    const key = `${labels.event_type} ${labels.severity}`;
    const stream = streams.get(key) ?? { labels, values: [] as string[][] };
    stream.values.push([`${record.time}000000`, jsonLine(record).trimEnd()]);
    streams.set(key, stream);
  }
  return [...streams.values()].map(({ labels, values }) => ({ stream: labels, values }));
}

/** Elasticsearch's bulk API. The entry's id is the document's: sent twice, it is there once. */
export function elasticsearchSink(
  name: string,
  { url, index, apiKey }: { url: string; index: string; apiKey?: Secret },
): Sink {
  const lines = (record: AuditRecord): string =>
    `${canonical({ index: { _id: record.id, _index: index } })}\n${jsonLine(record)}`;
  return httpSink(
    name,
    (records) => ({
      url: `${url}/_bulk`,
      headers: {
        "content-type": "application/x-ndjson",
        ...(apiKey === undefined ? {} : { authorization: `ApiKey ${apiKey.reveal()}` }),
      },
      body: records.map(lines).join(""),
    }),
    bulkObjection,
  );
}

/** A bulk answer is 200 also when documents were refused. */
function bulkObjection(answer: string): string | null {
  try {
    const { errors } = JSON.parse(answer) as { errors?: unknown };
    return errors === false ? null : "Elasticsearch refused some of the entries";
  } catch {
    return "Elasticsearch's answer is not JSON";
  }
}

/** Splunk's HTTP Event Collector. */
export function splunkSink(
  name: string,
  {
    url,
    token,
    host,
    sourcetype = "rempart:audit",
  }: { url: string; token: Secret; host: string; sourcetype?: string },
): Sink {
  const event = (record: AuditRecord): string => {
    const { time, ...rest } = record;
    return canonical({ time: time / 1000, host, sourcetype, event: { ...rest } });
  };
  return httpSink(name, (records) => ({
    url: `${url}/services/collector/event`,
    headers: { ...JSON_TYPE, authorization: `Splunk ${token.reveal()}` },
    body: records.map(event).join("\n"),
  }));
}

/** Datadog's log intake (v2). */
export function datadogSink(
  name: string,
  { url, apiKey, service, hostname }: { url: string; apiKey: Secret; service: string; hostname: string },
): Sink {
  const entry = (record: AuditRecord): Json => ({
    ddsource: "rempart",
    service,
    hostname,
    status: record.severity === null ? "info" : DATADOG_STATUS[record.severity],
    message: record.label,
    timestamp: record.time,
    audit: { ...record },
  });
  return httpSink(name, (records) => ({
    url: `${url}/api/v2/logs`,
    headers: { ...JSON_TYPE, "dd-api-key": apiKey.reveal() },
    body: canonical(records.map(entry)),
  }));
}

const DATADOG_STATUS = { info: "info", notice: "notice", warning: "warn", critical: "critical" } as const;
