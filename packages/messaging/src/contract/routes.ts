/**
 * The REST contract, declared once: the server binds a handler to each route, the client calls through the same values,
 * and the OpenAPI document is generated from them.
 */
import { z } from "zod";
import { ACCOUNT_ROUTES } from "./account-routes.ts";
import { AUTH_ROUTES } from "./auth-routes.ts";
import { LIMITS } from "./limits.ts";
import { conversation, device, membershipChange, message, publicDevice, user, welcome } from "./models.ts";
import { base64url, epoch, role, seq, shownText, suite, timestamp, uuid } from "./primitives.ts";
import { route } from "./route.ts";
import { TRANSPARENCY_ROUTES } from "./transparency-routes.ts";

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
  ...AUTH_ROUTES,
  ...ACCOUNT_ROUTES,
  ...TRANSPARENCY_ROUTES,
  searchUsers: route({
    method: "GET",
    path: "/api/v1/users",
    summary:
      "Find people who have a device to be written to, by the start of their name or their exact e-mail address",
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
    summary:
      "Add key packages; each is handed out once and expires. `lastResort` takes the place of the one before and goes out whenever no other is left",
    tag: "devices",
    access: "session",
    limit: "api",
    params: deviceParams,
    body: z.strictObject({
      suite,
      keyPackages: z.array(base64url(LIMITS.keyPackageBytes)).max(LIMITS.keyPackagesPerUpload),
      /** RFC 9420, section 16.8: keeps the device reachable while it is away, however many ask. */
      lastResort: base64url(LIMITS.keyPackageBytes).optional(),
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
      /** Null: this device is not set up, or was away for too long; it joins by itself once its user is a member. */
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
      "unreachable-user",
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
      "unreachable-user",
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
