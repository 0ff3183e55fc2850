/**
 * Every code a client can be told, over REST (problem document) and over the WebSocket (`nack` and `error` frames), with
 * the HTTP status it carries. One table: documentation, server and client read it.
 */
export const PROBLEMS = {
  // The request itself
  "validation-failed": { status: 422, title: "Validation failed" },
  "malformed-body": { status: 400, title: "The body is not well-formed JSON" },
  "unsupported-media-type": { status: 415, title: "Unsupported media type" },
  "body-too-large": { status: 413, title: "The body is too large" },
  "not-found": { status: 404, title: "Not found" },
  "method-not-allowed": { status: 405, title: "Method not allowed" },
  "rate-limited": { status: 429, title: "Too many requests" },
  "internal-error": { status: 500, title: "Something went wrong on our side" },
  unavailable: { status: 503, title: "Temporarily unavailable" },
  // Who asks
  unauthenticated: { status: 401, title: "Authentication required" },
  "wrong-credentials": { status: 401, title: "Wrong e-mail or password" },
  forbidden: { status: 403, title: "Not allowed" },
  "account-suspended": { status: 403, title: "This account is suspended" },
  "account-banned": { status: 403, title: "This account is banned" },
  "email-taken": { status: 409, title: "This e-mail address is already in use" },
  "weak-password": { status: 422, title: "This password is too easy to guess" },
  "invalid-invitation": { status: 403, title: "This invitation is not valid any more" },
  // Devices
  "unknown-device": { status: 404, title: "Unknown device" },
  "device-revoked": { status: 403, title: "This device was removed" },
  "too-many-devices": { status: 409, title: "Too many devices" },
  "too-many-key-packages": { status: 409, title: "Too many key packages" },
  // Conversations
  "unknown-conversation": { status: 404, title: "Unknown conversation" },
  "conversation-exists": { status: 409, title: "This conversation exists already" },
  "not-a-member": { status: 403, title: "Not a member of this conversation" },
  "device-not-in-group": { status: 409, title: "This device is not in the group yet" },
  "unknown-user": { status: 404, title: "Unknown user" },
  "last-owner": { status: 409, title: "A group keeps at least one owner" },
  "too-many-members": { status: 409, title: "Too many members" },
  // Messages and commits
  "stale-epoch": { status: 409, title: "The group has moved on to another epoch" },
  "pending-removals": { status: 409, title: "Devices that left must be removed first" },
  "id-taken": { status: 409, title: "This id was used for something else" },
  "malformed-mls": { status: 422, title: "Not a well-formed MLS message for this conversation" },
  "commit-mismatch": { status: 422, title: "The commit does not do what the request says" },
  // What the edge in front of the API refuses, whatever was asked
  "bad-request": { status: 400, title: "The request could not be understood" },
  "malformed-target": { status: 400, title: "The request target is malformed" },
  "missing-host": { status: 400, title: "Exactly one Host header is required" },
  "upgrade-refused": { status: 400, title: "No WebSocket is served here" },
  "unsupported-version": { status: 400, title: "This version of the API is not supported" },
  "idempotency-key-missing": { status: 400, title: "Idempotency-Key is missing" },
  "idempotency-key-malformed": { status: 400, title: "Idempotency-Key is malformed" },
  banned: { status: 403, title: "Access from this network is blocked" },
  "suspicious-request": { status: 403, title: "The request looks like an attack" },
  "origin-not-allowed": { status: 403, title: "Origin not allowed" },
  csrf: { status: 403, title: "Invalid CSRF token" },
  "request-timeout": { status: 408, title: "The request took too long to arrive" },
  conflict: { status: 409, title: "In conflict with the present state" },
  "idempotency-key-in-use": { status: 409, title: "A request is outstanding for this Idempotency-Key" },
  "answer-not-kept": { status: 409, title: "This request was carried out; its answer cannot be repeated" },
  "target-too-long": { status: 414, title: "The request target is too long" },
  "expectation-failed": { status: 417, title: "This expectation cannot be met" },
  "misdirected-request": { status: 421, title: "This host is not served here" },
  "idempotency-key-reused": { status: 422, title: "Idempotency-Key is already used" },
  unprocessable: { status: 422, title: "The content could not be processed" },
  "abnormal-usage-detected": { status: 429, title: "Too many requests of an unusual pattern" },
  "headers-too-large": { status: 431, title: "The header fields are too large" },
  "temporary-reduced-capacity": { status: 503, title: "Too busy for this request at the moment" },
  // WebSocket only
  "bad-frame": { status: 400, title: "The frame could not be understood" },
} as const satisfies Record<string, { status: number; title: string }>;

export type ProblemCode = keyof typeof PROBLEMS;
