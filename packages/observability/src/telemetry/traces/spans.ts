import {
  type Context,
  context,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import { CodedError } from "@rempart/kernel";
import { currentScope, type Scope, within } from "../scope.ts";
import { parentOf } from "./parent.ts";
import type { FollowedFacts, FollowedOutcome, FollowedRequest, Origin } from "./ports.ts";

/** Names of attributes are OpenTelemetry's semantic conventions. No path, no query, no header, no parameter is among them. */

const METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

export function followRequest(
  tracer: Tracer,
  facts: FollowedFacts,
  requestId: string,
  continueInbound: boolean,
): FollowedRequest {
  const parent = parentOf(facts);
  const isContinued = parent !== null && continueInbound;
  const method = METHODS.has(facts.method) ? facts.method : "_OTHER";
  const span = tracer.startSpan(
    method,
    {
      kind: SpanKind.SERVER,
      attributes: { "http.request.method": method, "rempart.request_id": requestId },
      links: parent === null || isContinued ? [] : [{ context: parent }],
    },
    isContinued ? trace.setSpanContext(ROOT_CONTEXT, parent) : ROOT_CONTEXT,
  );
  const scope = scopeOf(requestId, span);
  const here = trace.setSpan(ROOT_CONTEXT, span);
  return {
    run: (work) => runWithin(scope, here, work),
    end: (outcome) => endRequest(span, method, outcome),
  };
}

function endRequest(span: Span, method: string, { route, status, code, aborted }: FollowedOutcome): void {
  span.updateName(`${method} ${route}`);
  span.setAttributes({ "http.route": route, "http.response.status_code": status });
  if (code !== null) span.setAttribute("error.type", code);
  if (aborted) span.setAttribute("rempart.aborted", true);
  if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
  span.end();
}

const nothing = (): void => {};

/** Only where a recorded trace goes on: housekeeping would fill the receiver with traces of one statement. */
export function followStatement(
  tracer: Tracer,
  text: string,
  name: string | undefined,
): (error?: unknown) => void {
  if (!isRecorded(trace.getSpan(context.active()))) return nothing;
  const operation = operationOf(text);
  const span = tracer.startSpan(name ?? operation, {
    kind: SpanKind.CLIENT,
    attributes: { "db.system.name": "postgresql", "db.operation.name": operation },
  });
  return (error) => endWith(span, error);
}

export function followCall<T>(tracer: Tracer, dependency: string, work: () => Promise<T>): Promise<T> {
  const span = tracer.startSpan(dependency, {
    kind: SpanKind.CLIENT,
    attributes: { "rempart.dependency": dependency },
  });
  return endAfter(
    span,
    context.with(trace.setSpan(context.active(), span), () => work()),
  );
}

export interface FollowedMessage {
  readonly kind: string;
  readonly origin: Origin | undefined;
  /** The sender's place, by the sender's word: linked, and never gone on with, since no proxy of ours writes into messages. */
  readonly sender: SpanContext | null;
}

/** A socket lives for days: its messages are traces of their own that link the request which opened it. */
export function followMessage<T>(tracer: Tracer, message: FollowedMessage, work: () => T): T {
  const { kind, origin, sender } = message;
  const links = [origin?.span, sender].flatMap((one) => (one ? [{ context: one }] : []));
  const options = { kind: SpanKind.CONSUMER, attributes: { "messaging.operation.name": kind }, links };
  const span = tracer.startSpan(`message ${kind}`, options, ROOT_CONTEXT);
  const here = trace.setSpan(ROOT_CONTEXT, span);
  try {
    const result =
      origin === undefined
        ? context.with(here, work)
        : runWithin(scopeOf(origin.requestId, span), here, work);
    if (result instanceof Promise) return endAfter(span, result) as T;
    span.end();
    return result;
  } catch (error) {
    endWith(span, error);
    throw error;
  }
}

export function originHere(): Origin | undefined {
  const scope = currentScope();
  const span = trace.getSpanContext(context.active());
  return scope === undefined ? undefined : { ...scope, ...(span === undefined ? {} : { span }) };
}

function scopeOf(requestId: string, span: Span): Scope {
  return isRecorded(span) ? { requestId, traceId: span.spanContext().traceId } : { requestId };
}

function runWithin<T>(scope: Scope, here: Context, work: () => T): T {
  return within(scope, () => context.with(here, work));
}

function isRecorded(span: Span | undefined): boolean {
  return span !== undefined && (span.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0;
}

async function endAfter<T>(span: Span, work: Promise<T>): Promise<T> {
  try {
    const result = await work;
    span.end();
    return result;
  } catch (error) {
    endWith(span, error);
    throw error;
  }
}

/** The kind of an error, never its message: that may hold what a person wrote. */
function endWith(span: Span, error: unknown): void {
  if (error !== undefined) {
    const type = error instanceof CodedError ? error.code : error instanceof Error ? error.name : "other";
    span.setAttribute("error.type", type);
    span.setStatus({ code: SpanStatusCode.ERROR });
  }
  span.end();
}

const OPERATION =
  /^\s*(SELECT|INSERT|UPDATE|DELETE|MERGE|WITH|BEGIN|COMMIT|ROLLBACK|SET|COPY|CALL|VALUES|LISTEN|NOTIFY)\b/i;

function operationOf(text: string): string {
  return OPERATION.exec(text)?.[1]?.toUpperCase() ?? "other";
}
