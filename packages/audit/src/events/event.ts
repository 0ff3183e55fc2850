import type { EventType } from "./table.ts";

/** Who did it. An address and a user agent are personal: they stand outside the leaf, under the subject's key. */
export interface Actor {
  readonly userId?: string;
  readonly tenantId?: string;
  readonly apiKeyId?: string;
  /** Of the client, in text; anything that is not an address is not kept as one. */
  readonly address?: string;
  readonly userAgent?: string;
}

/** What somebody hands over to be recorded. Everything in it may be hostile: it is masked and bounded. */
export interface AuditEvent {
  readonly type: EventType;
  readonly actor?: Actor;
  readonly resource?: {
    readonly type: string;
    readonly id: string;
    readonly metadata?: Readonly<Record<string, unknown>>;
  };
  readonly request?: {
    readonly id: string;
    readonly method: string;
    /** Without its query. */
    readonly path: string;
    readonly status?: number;
    readonly success?: boolean;
  };
  readonly security?: {
    readonly limit?: string;
    readonly score?: number;
    readonly reason?: string;
  };
  /** Personal data beyond the actor's, kept readable until the subject is erased. */
  readonly personal?: Readonly<Record<string, unknown>>;
  /** Whose personal data it is; the actor's unless told. */
  readonly subject?: string;
  /** Members of the metadata whose shape alone is no reason to mask them. */
  readonly allow?: readonly string[];
}
