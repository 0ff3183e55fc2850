import type { EdgeContext } from "@rempart/edge";

/** One administrative operation, attempted or done. */
export interface AuditEntry {
  readonly timestamp: string;
  readonly event: `admin.operation.${Operation}`;
  readonly requestId: string;
  readonly actor: {
    readonly ip: string;
    /** Null when the caller is not known. */
    readonly tenantId: string | null;
    readonly userAgent: string | null;
  };
  readonly resource: { readonly type: "plugin"; readonly id: string };
  readonly request: { readonly method: string; readonly path: string };
  readonly response: { readonly status: number; readonly success: boolean };
}

export type Operation = "create" | "read" | "update" | "delete" | "other";

/** Takes an entry where it cannot be changed any more. */
export type AuditSink = (entry: AuditEntry) => void;

const OPERATIONS: Readonly<Record<string, Operation>> = {
  POST: "create",
  GET: "read",
  HEAD: "read",
  PUT: "update",
  PATCH: "update",
  DELETE: "delete",
};

const MAX_USER_AGENT = 256;

/** Holds no header but the user agent: keys and tokens never reach the log. */
export function auditEntry(
  request: Request,
  status: number,
  id: string,
  tenantId: string | null,
  { requestId, client }: EdgeContext,
): AuditEntry {
  const userAgent = request.headers.get("user-agent")?.slice(0, MAX_USER_AGENT) ?? null;
  return {
    timestamp: new Date().toISOString(),
    event: `admin.operation.${OPERATIONS[request.method] ?? "other"}`,
    requestId,
    actor: { ip: client.text, tenantId, userAgent },
    resource: { type: "plugin", id },
    request: { method: request.method, path: new URL(request.url).pathname },
    response: { status, success: status < 400 },
  };
}
