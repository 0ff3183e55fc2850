/**
 * The REST contract, declared once: the server binds a handler to each route, the client calls through the same values,
 * and the OpenAPI document is generated from them.
 */
import { z } from "zod";
import { LIMITS } from "./limits.ts";
import {
  account,
  conversation,
  device,
  membershipChange,
  message,
  publicDevice,
  session,
  signedIn,
  user,
  welcome,
} from "./models.ts";
import { base64url, epoch, name, role, seq, shownText, suite, timestamp, uuid } from "./primitives.ts";
import type { ProblemCode } from "./problems.ts";

export interface Route {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** `:name` marks a parameter, as in `/api/v1/devices/:deviceId`. */
  readonly path: `/api/v1/${string}`;
  readonly summary: string;
  readonly tag: "auth" | "users" | "devices" | "conversations" | "messages";
  readonly access: "public" | "session";
  /** Which rate limit counts the call: `auth` per address, `messages` and `api` per user. */
  readonly limit: "auth" | "api" | "messages";
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodObject;
  /** Null: the answer is 204 without a body. */
  readonly answer: z.ZodObject | null;
  readonly status: 200 | 201 | 204;
  /** Largest accepted body in bytes of JSON; the application's default when absent. */
  readonly maxBodyBytes?: number;
  /** Beyond those every route can give: validation, authentication, limits, 5xx. */
  readonly problems: readonly ProblemCode[];
}

function route<const R extends Route>(declared: R): R {
  return declared;
}

const email = z
  .string()
  .trim()
  .toLowerCase()
  .max(254)
  .pipe(z.email({ error: "must be an e-mail address" }));

/** ASVS 5.0, 6.2.1 and 6.2.9: at least 8 characters, at least 64 allowed, any character. Counted in UTF-16 units. */
const newPassword = z.string().min(8).max(256);

/** An encoded group info takes a third more as base64url; two of them and a welcome fit a commit's body. */
const COMMIT_BODY_BYTES = 14 * 1024 * 1024;

const conversationParams = z.strictObject({ conversationId: uuid });
const deviceParams = z.strictObject({ deviceId: uuid });

/** What a committing client sends. `change` must say exactly what the commit does; the server compares. */
export const commitBody = z.strictObject({
  id: uuid,
  deviceId: uuid,
  /** The epoch the commit starts from; another than the group's is answered 409 `stale-epoch`. */
  epoch,
  /** MLS PublicMessage that frames the commit (RFC 9420, section 6.2). */
  commit: base64url(LIMITS.commitBytes),
  change: membershipChange,
  /** One Welcome for all added devices; absent when none was added. */
  welcome: base64url(LIMITS.welcomeBytes).optional(),
  /** GroupInfo of the new epoch with ratchet tree and external key, for members who must rejoin. */
  groupInfo: base64url(LIMITS.groupInfoBytes),
});
export type CommitBody = z.infer<typeof commitBody>;

export const newConversationBody = z.strictObject({
  /** Also the MLS group id (its 36 characters as UTF-8). */
  id: uuid,
  kind: z.enum(["direct", "group"]),
  suite,
  /** The first commit, from epoch 0, which adds the other members' devices and the creator's own others. */
  first: commitBody,
});
export type NewConversationBody = z.infer<typeof newConversationBody>;

export const placedAnswer = z.strictObject({ seq, sentAt: timestamp });

export const ROUTES = {
  signUp: route({
    method: "POST",
    path: "/api/v1/auth/sign-up",
    summary: "Create an account and sign in",
    tag: "auth",
    access: "public",
    limit: "auth",
    body: z.strictObject({
      email,
      password: newPassword,
      name,
      /** The one-time token printed at the first start: makes the new account an administrator's. */
      invitation: z.string().max(128).optional(),
    }),
    answer: signedIn,
    status: 201,
    problems: ["email-taken", "weak-password", "invalid-invitation"],
  }),
  signIn: route({
    method: "POST",
    path: "/api/v1/auth/sign-in",
    summary: "Sign in with e-mail and password",
    tag: "auth",
    access: "public",
    limit: "auth",
    body: z.strictObject({ email, password: z.string().max(256) }),
    answer: signedIn,
    status: 200,
    problems: ["wrong-credentials", "account-suspended", "account-banned"],
  }),
  signOut: route({
    method: "POST",
    path: "/api/v1/auth/sign-out",
    summary: "End this session",
    tag: "auth",
    access: "session",
    limit: "api",
    answer: null,
    status: 204,
    problems: [],
  }),
  signOutEverywhere: route({
    method: "POST",
    path: "/api/v1/auth/sign-out-everywhere",
    summary: "End every session of this account, this one included",
    tag: "auth",
    access: "session",
    limit: "api",
    answer: null,
    status: 204,
    problems: [],
  }),
  session: route({
    method: "GET",
    path: "/api/v1/auth/session",
    summary: "Who is signed in",
    tag: "auth",
    access: "session",
    limit: "api",
    answer: signedIn,
    status: 200,
    problems: [],
  }),
  sessions: route({
    method: "GET",
    path: "/api/v1/auth/sessions",
    summary: "The account's sessions, the newest use first",
    tag: "auth",
    access: "session",
    limit: "api",
    answer: z.strictObject({ sessions: z.array(session) }),
    status: 200,
    problems: [],
  }),
  revokeSession: route({
    method: "DELETE",
    path: "/api/v1/auth/sessions/:sessionId",
    summary: "End one session",
    tag: "auth",
    access: "session",
    limit: "api",
    params: z.strictObject({ sessionId: uuid }),
    answer: null,
    status: 204,
    problems: ["not-found"],
  }),
  socketTicket: route({
    method: "POST",
    path: "/api/v1/auth/socket-ticket",
    summary: "A ticket, valid once within 30 seconds, to open a WebSocket without the cookie",
    tag: "auth",
    access: "session",
    limit: "api",
    answer: z.strictObject({ ticket: z.string(), expiresAt: timestamp }),
    status: 201,
    problems: [],
  }),
  updateAccount: route({
    method: "PATCH",
    path: "/api/v1/account",
    summary: "Change the shown name",
    tag: "users",
    access: "session",
    limit: "api",
    body: z.strictObject({ name }),
    answer: z.strictObject({ account }),
    status: 200,
    problems: [],
  }),
  searchUsers: route({
    method: "GET",
    path: "/api/v1/users",
    summary: "Find people by the start of their name, or by their exact e-mail address",
    tag: "users",
    access: "session",
    limit: "api",
    query: z.strictObject({ q: z.string().trim().min(2).max(254) }),
    answer: z.strictObject({ users: z.array(user) }),
    status: 200,
    problems: [],
  }),
  userDevices: route({
    method: "GET",
    path: "/api/v1/users/:userId/devices",
    summary: "A person's devices and their signature keys, removed ones included",
    tag: "devices",
    access: "session",
    limit: "api",
    params: z.strictObject({ userId: uuid }),
    answer: z.strictObject({ user, devices: z.array(publicDevice) }),
    status: 200,
    problems: ["unknown-user"],
  }),
  devices: route({
    method: "GET",
    path: "/api/v1/devices",
    summary: "This account's devices",
    tag: "devices",
    access: "session",
    limit: "api",
    answer: z.strictObject({ devices: z.array(device) }),
    status: 200,
    problems: [],
  }),
  registerDevice: route({
    method: "POST",
    path: "/api/v1/devices",
    summary: "Register a device; the same id with the same key is answered again",
    tag: "devices",
    access: "session",
    limit: "api",
    body: z.strictObject({
      id: uuid,
      name: shownText(LIMITS.deviceNameCharacters),
      signatureKey: base64url(LIMITS.signatureKeyBytes),
    }),
    answer: z.strictObject({ device }),
    status: 201,
    problems: ["id-taken", "too-many-devices"],
  }),
  revokeDevice: route({
    method: "DELETE",
    path: "/api/v1/devices/:deviceId",
    summary: "Remove a device: its sockets close, its key packages go, groups remove its leaf",
    tag: "devices",
    access: "session",
    limit: "api",
    params: deviceParams,
    answer: null,
    status: 204,
    problems: ["unknown-device"],
  }),
  uploadKeyPackages: route({
    method: "POST",
    path: "/api/v1/devices/:deviceId/key-packages",
    summary: "Add key packages; each is handed out once and expires",
    tag: "devices",
    access: "session",
    limit: "api",
    params: deviceParams,
    body: z.strictObject({
      suite,
      keyPackages: z.array(base64url(LIMITS.keyPackageBytes)).min(1).max(LIMITS.keyPackagesPerUpload),
    }),
    answer: z.strictObject({ available: z.int() }),
    status: 201,
    maxBodyBytes: 4 * 1024 * 1024,
    problems: ["unknown-device", "device-revoked", "malformed-mls", "too-many-key-packages"],
  }),
  claimKeyPackages: route({
    method: "POST",
    path: "/api/v1/key-packages/claim",
    summary: "Take one key package for every active device of these people",
    tag: "devices",
    access: "session",
    limit: "api",
    body: z.strictObject({
      suite,
      userIds: z.array(uuid).min(1).max(LIMITS.membersPerRequest),
      /** The asking device, which needs none for itself. */
      deviceId: uuid,
    }),
    answer: z.strictObject({
      /** Null: this device has none left; it joins by itself once its user is a member. */
      devices: z.array(
        z.strictObject({ ...publicDevice.shape, keyPackage: base64url(LIMITS.keyPackageBytes).nullable() }),
      ),
    }),
    status: 200,
    problems: ["unknown-user", "unknown-device"],
  }),
  welcomes: route({
    method: "GET",
    path: "/api/v1/devices/:deviceId/welcomes",
    summary: "Welcomes that wait for this device, the oldest first, at most 20",
    tag: "devices",
    access: "session",
    limit: "api",
    params: deviceParams,
    answer: z.strictObject({ welcomes: z.array(welcome) }),
    status: 200,
    problems: ["unknown-device"],
  }),
  acknowledgeWelcome: route({
    method: "DELETE",
    path: "/api/v1/devices/:deviceId/welcomes/:welcomeId",
    summary: "The device has joined (or cannot): forget this welcome",
    tag: "devices",
    access: "session",
    limit: "api",
    params: z.strictObject({ deviceId: uuid, welcomeId: uuid }),
    answer: null,
    status: 204,
    problems: ["unknown-device"],
  }),
  conversations: route({
    method: "GET",
    path: "/api/v1/conversations",
    summary: "The account's conversations, the latest activity first",
    tag: "conversations",
    access: "session",
    limit: "api",
    query: z.strictObject({
      /** `next` of the page before. */
      cursor: z.string().max(100).optional(),
    }),
    answer: z.strictObject({ conversations: z.array(conversation), next: z.string().nullable() }),
    status: 200,
    problems: [],
  }),
  createConversation: route({
    method: "POST",
    path: "/api/v1/conversations",
    summary: "Create a conversation together with the commit that adds its first members",
    tag: "conversations",
    access: "session",
    limit: "api",
    body: newConversationBody,
    answer: z.strictObject({ conversation }),
    status: 201,
    maxBodyBytes: COMMIT_BODY_BYTES,
    problems: [
      "conversation-exists",
      "unknown-device",
      "device-revoked",
      "unknown-user",
      "too-many-members",
      "malformed-mls",
      "commit-mismatch",
      "id-taken",
    ],
  }),
  conversation: route({
    method: "GET",
    path: "/api/v1/conversations/:conversationId",
    summary: "One conversation",
    tag: "conversations",
    access: "session",
    limit: "api",
    params: conversationParams,
    answer: z.strictObject({ conversation }),
    status: 200,
    problems: ["unknown-conversation"],
  }),
  groupInfo: route({
    method: "GET",
    path: "/api/v1/conversations/:conversationId/group-info",
    summary: "The group info of the present epoch, for a member's device that must (re-)join by itself",
    tag: "conversations",
    access: "session",
    limit: "api",
    params: conversationParams,
    answer: z.strictObject({ epoch, seq, groupInfo: base64url(LIMITS.groupInfoBytes) }),
    status: 200,
    problems: ["unknown-conversation"],
  }),
  setRole: route({
    method: "PATCH",
    path: "/api/v1/conversations/:conversationId/members/:userId",
    summary: "Change a member's role (owners only)",
    tag: "conversations",
    access: "session",
    limit: "api",
    params: z.strictObject({ conversationId: uuid, userId: uuid }),
    body: z.strictObject({ role }),
    answer: null,
    status: 204,
    problems: ["unknown-conversation", "forbidden", "unknown-user", "last-owner"],
  }),
  leave: route({
    method: "POST",
    path: "/api/v1/conversations/:conversationId/leave",
    summary: "Leave a group: delivery stops at once, the next committer removes the leaves",
    tag: "conversations",
    access: "session",
    limit: "api",
    params: conversationParams,
    answer: null,
    status: 204,
    problems: ["unknown-conversation", "last-owner", "forbidden"],
  }),
  commit: route({
    method: "POST",
    path: "/api/v1/conversations/:conversationId/commits",
    summary: "Move the group to its next epoch; membership changes with it",
    tag: "messages",
    access: "session",
    limit: "api",
    params: conversationParams,
    body: commitBody,
    answer: placedAnswer,
    status: 201,
    maxBodyBytes: COMMIT_BODY_BYTES,
    problems: [
      "unknown-conversation",
      "unknown-device",
      "device-revoked",
      "device-not-in-group",
      "forbidden",
      "unknown-user",
      "too-many-members",
      "stale-epoch",
      "malformed-mls",
      "commit-mismatch",
      "id-taken",
    ],
  }),
  sendMessage: route({
    method: "POST",
    path: "/api/v1/conversations/:conversationId/messages",
    summary: "Send an encrypted message; the answer means it is durable",
    tag: "messages",
    access: "session",
    limit: "messages",
    params: conversationParams,
    body: z.strictObject({
      id: uuid,
      deviceId: uuid,
      epoch,
      body: base64url(LIMITS.applicationMessageBytes),
    }),
    answer: placedAnswer,
    status: 201,
    problems: [
      "unknown-conversation",
      "unknown-device",
      "device-revoked",
      "device-not-in-group",
      "stale-epoch",
      "pending-removals",
      "malformed-mls",
      "id-taken",
    ],
  }),
  messages: route({
    method: "GET",
    path: "/api/v1/conversations/:conversationId/messages",
    summary: "The exact gap after a position, in order",
    tag: "messages",
    access: "session",
    limit: "api",
    params: conversationParams,
    query: z.strictObject({
      after: z.coerce.number().pipe(seq),
      limit: z.coerce.number().pipe(z.int().min(1).max(LIMITS.messagesPerPage)).optional(),
    }),
    answer: z.strictObject({
      messages: z.array(message),
      head: seq,
      /** True: `after` is not a position of this history; start again from the conversation's state. */
      reset: z.boolean(),
    }),
    status: 200,
    problems: ["unknown-conversation"],
  }),
  receipt: route({
    method: "POST",
    path: "/api/v1/conversations/:conversationId/receipts",
    summary: "Say up to where messages were delivered to this device, or read",
    tag: "messages",
    access: "session",
    limit: "api",
    params: conversationParams,
    body: z.strictObject({ deviceId: uuid, delivered: seq.optional(), read: seq.optional() }),
    answer: null,
    status: 204,
    problems: ["unknown-conversation", "unknown-device"],
  }),
} as const;

export type RouteName = keyof typeof ROUTES;
