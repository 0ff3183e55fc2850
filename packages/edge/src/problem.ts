/** A refusal or a failure as a client may see it (RFC 9457). */
export interface Problem {
  readonly status: number;
  /** Stable, machine-readable, lower-case with hyphens. */
  readonly code: string;
  readonly title: string;
  /** Safe to show. Dropped from 5xx answers: the cause belongs in the log, under the request id. */
  readonly detail?: string;
  /** A URI that identifies the kind of problem; `about:blank` when the code says it all. */
  readonly type?: string;
  /** Further members of the document, for example a list of validation errors. */
  readonly members?: Readonly<Record<string, unknown>>;
}

/** Every refusal and failure the edge itself answers, in one table: an application documents these codes beside its own. */
export const EDGE_PROBLEMS = {
  badRequest: { status: 400, code: "bad-request", title: "The request could not be understood" },
  malformedBody: { status: 400, code: "malformed-body", title: "The body is not well-formed JSON" },
  malformedTarget: { status: 400, code: "malformed-target", title: "The request target is malformed" },
  missingHost: { status: 400, code: "missing-host", title: "Exactly one Host header is required" },
  upgradeRefused: { status: 400, code: "upgrade-refused", title: "No WebSocket is served here" },
  unsupportedVersion: {
    status: 400,
    code: "unsupported-version",
    title: "This version of the API is not supported",
  },
  idempotencyKeyMissing: {
    status: 400,
    code: "idempotency-key-missing",
    title: "Idempotency-Key is missing",
  },
  idempotencyKeyMalformed: {
    status: 400,
    code: "idempotency-key-malformed",
    title: "Idempotency-Key is malformed",
  },
  unauthenticated: { status: 401, code: "unauthenticated", title: "Authentication required" },
  banned: { status: 403, code: "banned", title: "Access from this network is blocked" },
  suspicious: { status: 403, code: "suspicious-request", title: "The request looks like an attack" },
  denied: { status: 403, code: "forbidden", title: "Not allowed" },
  origin: {
    status: 403,
    code: "origin-not-allowed",
    title: "Origin not allowed",
    detail: "Origin not allowed",
  },
  csrf: { status: 403, code: "csrf", title: "Invalid CSRF token", detail: "Invalid CSRF token" },
  notFound: { status: 404, code: "not-found", title: "Not found" },
  method: { status: 405, code: "method-not-allowed", title: "Method not allowed" },
  requestTimeout: { status: 408, code: "request-timeout", title: "The request took too long to arrive" },
  conflict: { status: 409, code: "conflict", title: "In conflict with the present state" },
  idempotencyKeyInUse: {
    status: 409,
    code: "idempotency-key-in-use",
    title: "A request is outstanding for this Idempotency-Key",
  },
  answerNotKept: {
    status: 409,
    code: "answer-not-kept",
    title: "This request was carried out; its answer cannot be repeated",
  },
  bodyTooLarge: { status: 413, code: "body-too-large", title: "The body is too large" },
  targetTooLong: { status: 414, code: "target-too-long", title: "The request target is too long" },
  unsupportedMediaType: { status: 415, code: "unsupported-media-type", title: "Unsupported media type" },
  expectation: { status: 417, code: "expectation-failed", title: "This expectation cannot be met" },
  misdirected: { status: 421, code: "misdirected-request", title: "This host is not served here" },
  validationFailed: { status: 422, code: "validation-failed", title: "Validation failed" },
  idempotencyKeyReused: {
    status: 422,
    code: "idempotency-key-reused",
    title: "Idempotency-Key is already used",
  },
  unprocessable: { status: 422, code: "unprocessable", title: "The content could not be processed" },
  rateLimited: {
    status: 429,
    code: "rate-limited",
    title: "Too many requests",
    /** draft-ietf-httpapi-ratelimit-headers-10, section 5. */
    type: "https://iana.org/assignments/http-problem-types#quota-exceeded",
  },
  abnormalUsage: {
    status: 429,
    code: "abnormal-usage-detected",
    title: "Too many requests of an unusual pattern",
    type: "https://iana.org/assignments/http-problem-types#abnormal-usage-detected",
  },
  headersTooLarge: { status: 431, code: "headers-too-large", title: "The header fields are too large" },
  internal: { status: 500, code: "internal-error", title: "Something went wrong on our side" },
  reducedCapacity: {
    status: 503,
    code: "temporary-reduced-capacity",
    title: "Too busy for this request at the moment",
    type: "https://iana.org/assignments/http-problem-types#temporary-reduced-capacity",
  },
  unavailable: { status: 503, code: "unavailable", title: "Temporarily unavailable" },
} as const satisfies Record<string, Problem>;

export const PROBLEM_MEDIA_TYPE = "application/problem+json";

/** Families by status, in the form that clients of `error.code` expect. */
const FAMILIES: Readonly<Record<number, string>> = {
  400: "BAD_REQUEST",
  401: "UNAUTHORIZED",
  403: "FORBIDDEN",
  404: "NOT_FOUND",
  405: "METHOD_NOT_ALLOWED",
  408: "REQUEST_TIMEOUT",
  409: "CONFLICT",
  413: "PAYLOAD_TOO_LARGE",
  414: "URI_TOO_LONG",
  415: "UNSUPPORTED_MEDIA_TYPE",
  422: "UNPROCESSABLE_ENTITY",
  429: "TOO_MANY_REQUESTS",
  500: "INTERNAL_SERVER_ERROR",
  503: "SERVICE_UNAVAILABLE",
};

/** The JSON text of a problem document. */
export function problemBody(problem: Problem, requestId: string): string {
  const hidden = problem.status >= 500;
  const detail = hidden ? undefined : problem.detail;
  return JSON.stringify({
    ...(hidden ? undefined : problem.members),
    type: problem.type ?? "about:blank",
    title: problem.title,
    status: problem.status,
    detail,
    code: problem.code,
    requestId,
    error: {
      code: FAMILIES[problem.status] ?? (hidden ? "INTERNAL_SERVER_ERROR" : "BAD_REQUEST"),
      message: detail ?? problem.title,
    },
  });
}
