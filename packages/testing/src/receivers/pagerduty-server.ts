import { type Answer, startWireServer, type WireServer } from "../wire-server.ts";

export const ROUTING_KEY = "0123456789abcdef0123456789abcdef";

export interface TestPagerDuty extends WireServer {
  /** Of the alerts by their `dedup_key`, what became of each. */
  readonly alerts: ReadonlyMap<string, "triggered" | "acknowledged" | "resolved">;
  readonly events: readonly PagerDutyEvent[];
  /** Where events go. */
  readonly url: string;
}

export interface PagerDutyEvent {
  readonly routing_key: string;
  readonly event_action: "trigger" | "acknowledge" | "resolve";
  readonly dedup_key: string;
  readonly payload?: {
    readonly summary: string;
    readonly source: string;
    readonly severity: string;
    readonly custom_details?: unknown;
  };
  readonly links?: readonly { readonly href: string; readonly text: string }[];
}

/** PagerDuty's Events API v2, which refuses what the real one refuses. */
export async function startPagerDuty(): Promise<TestPagerDuty> {
  const alerts = new Map<string, "triggered" | "acknowledged" | "resolved">();
  const events: PagerDutyEvent[] = [];
  const server = await startWireServer({
    answer(request, body) {
      if (request.method !== "POST" || request.url !== "/v2/enqueue") return { status: 404, body: "" };
      const event = parsed(body);
      const errors = problemsOf(event, Buffer.byteLength(body));
      if (errors.length > 0)
        return json(400, { status: "invalid event", message: "Event object is invalid", errors });
      const taken = event as unknown as PagerDutyEvent;
      events.push(taken);
      apply(alerts, taken);
      return json(202, { status: "success", message: "Event processed", dedup_key: taken.dedup_key });
    },
    faults: {
      denied: json(400, {
        status: "invalid event",
        message: "Event object is invalid",
        errors: [`Invalid routing key ${ROUTING_KEY}`],
      }),
      throttled: { status: 429, body: "", headers: { "retry-after": "60" } },
      failing: json(500, {}),
    },
  });
  return Object.assign(server, { alerts, events, url: `${server.address}/v2/enqueue` });
}

const STATES = { trigger: "triggered", acknowledge: "acknowledged", resolve: "resolved" } as const;

/** Only a trigger makes an alert. */
function apply(alerts: Map<string, "triggered" | "acknowledged" | "resolved">, event: PagerDutyEvent): void {
  if (event.event_action === "trigger" || alerts.has(event.dedup_key))
    alerts.set(event.dedup_key, STATES[event.event_action]);
}

const MAX_BYTES = 512 * 1024;
const SEVERITIES: readonly unknown[] = ["critical", "error", "warning", "info"];

function problemsOf(event: Record<string, unknown> | null, bytes: number): string[] {
  if (event === null) return ["the event is not JSON"];
  const { routing_key: key, event_action: action, dedup_key: dedup, links = [] } = event;
  const found: string[] = [];
  if (bytes > MAX_BYTES) found.push("the event is larger than 512 KB");
  if (typeof key !== "string" || key.length !== 32)
    found.push("Length of 'routing_key' is incorrect (should be 32 characters)");
  else if (key !== ROUTING_KEY) found.push("'routing_key' is unknown");
  if (!Object.hasOwn(STATES, String(action))) found.push("'event_action' is invalid");
  if (!isText(dedup, 255)) found.push("'dedup_key' is missing or longer than 255 characters");
  if (action === "trigger") found.push(...payloadProblems(event.payload));
  if (!Array.isArray(links) || !links.every(isLink)) found.push("'links' is invalid");
  return found;
}

function payloadProblems(payload: unknown): string[] {
  if (payload === null || typeof payload !== "object") return ["'payload' is missing or blank"];
  const { summary, source, severity, timestamp } = payload as Record<string, unknown>;
  const found: string[] = [];
  if (!isText(summary, 1_024)) found.push("'payload.summary' is missing or blank, or too long");
  if (!isText(source, 1_024)) found.push("'payload.source' is missing or blank");
  if (!SEVERITIES.includes(severity))
    found.push("'payload.severity' is invalid (must be one of the following)");
  if (timestamp !== undefined && Number.isNaN(Date.parse(String(timestamp))))
    found.push("'payload.timestamp' is invalid");
  return found;
}

function isText(value: unknown, limit: number): boolean {
  return typeof value === "string" && value.trim() !== "" && value.length <= limit;
}

function isLink(value: unknown): boolean {
  const { href } = (value ?? {}) as { href?: unknown };
  return typeof href === "string" && /^https?:\/\//.test(href);
}

function json(status: number, body: object): Answer {
  return { status, body: JSON.stringify(body) };
}

function parsed(body: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(body);
    return value !== null && typeof value === "object" ? { ...value } : null;
  } catch {
    return null;
  }
}
