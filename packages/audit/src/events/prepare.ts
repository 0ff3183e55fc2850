import { isIP } from "node:net";
import { Harmless, mask, maskText } from "@rempart/kernel/masking";
import { canonical, type Json } from "../entry/canonical.ts";
import type { AuditEvent } from "./event.ts";
import { EVENTS, type RetentionClass } from "./table.ts";

/** An event as it will be kept: masked, bounded, and split into what the body says and what is personal. */
export interface Prepared {
  readonly type: string;
  readonly retention: RetentionClass;
  /** Canonical JSON. */
  readonly body: string;
  readonly subject: string | null;
  /** Canonical JSON; null when nothing is personal. */
  readonly personal: string | null;
  readonly address: string | null;
}

const MAX_BODY_BYTES = 32 * 1024;
const MAX_SUBJECT_LENGTH = 200;

/** Throws `TypeError` for a type that the table does not have: a mistake of the caller's, not of a client's. */
export function prepare(event: AuditEvent, now: number): Prepared {
  const kind = EVENTS[event.type];
  if (kind === undefined) throw new TypeError(`there is no event ${JSON.stringify(event.type)}`);
  const address = addressOf(event);
  const personal = personalOf(event, address);
  return {
    type: event.type,
    retention: kind.retention,
    body: bodyOf(event),
    subject: personal === null ? null : subjectOf(event, now),
    personal: personal === null ? null : canonical(personal),
    address,
  };
}

/** Nobody known acted: those of one day share a key, so that they can be forgotten together. */
function subjectOf({ subject, actor }: AuditEvent, now: number): string {
  const named = subject || actor?.userId;
  if (!named) return `day:${new Date(now).toISOString().slice(0, 10)}`;
  // The cut may fall into the middle of a character.
  return maskText(named).slice(0, MAX_SUBJECT_LENGTH).toWellFormed();
}

function addressOf({ actor }: AuditEvent): string | null {
  const address = actor?.address ?? "";
  return isIP(address) === 0 || address.includes("%") ? null : address;
}

function personalOf({ actor, personal, allow }: AuditEvent, address: string | null): Json | null {
  const parts: Record<string, Json> = {};
  if (address !== null) parts.address = address;
  if (actor?.userAgent) parts.userAgent = agentOf(actor.userAgent);
  // Its own kind of data is what it is for: only what is secret by name is masked.
  if (personal !== undefined)
    parts.data = mask(personal, new Set([...Object.keys(personal), ...(allow ?? [])]));
  return Object.keys(parts).length === 0 ? null : parts;
}

/** A few hundred programs make nearly all requests, and say what they are at each of them. */
const agents = new Harmless(500, 512);

function agentOf(agent: string): string {
  if (agents.has(agent)) return agent;
  const masked = maskText(agent);
  if (masked === agent) agents.add(agent);
  return masked;
}

function bodyOf(event: AuditEvent): string {
  const body = canonical(bodyFields(event, mask(event.resource?.metadata, new Set(event.allow))));
  return body.length <= MAX_BODY_BYTES ? body : canonical(bodyFields(event, "[too large]"));
}

/** Members stand in the order of their names: their text is canonical as it is written. */
function bodyFields({ actor, resource, request, security }: AuditEvent, metadata: Json): Json {
  return present({
    actor:
      actor &&
      present({ apiKeyId: text(actor.apiKeyId), tenantId: text(actor.tenantId), userId: text(actor.userId) }),
    request:
      request &&
      present({
        id: text(request.id),
        method: text(request.method),
        path: text(request.path),
        status: request.status,
        success: request.success,
      }),
    resource: resource && present({ id: text(resource.id), metadata, type: text(resource.type) }),
    security: security && (mask(security) as Json),
  });
}

function text(value: string | undefined): Json | undefined {
  return value === undefined ? undefined : maskText(value);
}

/** Without the members that are undefined, null or empty. */
function present(members: Record<string, Json | undefined>): { readonly [key: string]: Json } {
  const kept: Record<string, Json> = {};
  for (const name in members) {
    const value = members[name];
    if (value !== undefined && value !== null && !isEmpty(value)) kept[name] = value;
  }
  return kept;
}

function isEmpty(value: Json): boolean {
  if (typeof value !== "object") return false;
  for (const _ in value) return false;
  return true;
}
