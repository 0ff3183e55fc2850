import { email, shownText, timestamp, uuid } from "@rempart/messaging/contract";
import { z } from "zod";
import { MONITORING_ROUTES } from "./monitoring-routes.ts";
import { route } from "./route.ts";

const status = z.enum(["ACTIVE", "SUSPENDED", "BANNED", "DELETED"]);
const role = z.enum(["USER", "MODERATOR", "ADMIN"]);
const reason = shownText(500);
const userParams = z.strictObject({ userId: uuid });

const userSummary = z.strictObject({
  id: uuid,
  email: z.string(),
  name: z.string(),
  role,
  status,
  createdAt: timestamp,
  lastActiveAt: timestamp.nullable(),
  emailVerifiedAt: timestamp.nullable(),
  mfaEnabled: z.boolean(),
  suspendedUntil: timestamp.nullable(),
  suspensionReason: z.string().nullable(),
  banReason: z.string().nullable(),
});

const userSession = z.strictObject({
  id: uuid,
  createdAt: timestamp,
  lastUsedAt: timestamp,
  expiresAt: timestamp,
  userAgent: z.string(),
  address: z.string(),
  amr: z.array(z.string()).readonly(),
});

const facts = z.record(z.string(), z.unknown()).readonly();
const rows = z.array(facts).readonly();

const userExport = z.strictObject({
  format: z.literal("rempart-user-export-1"),
  exportedAt: z.iso.datetime(),
  account: facts,
  sessions: rows,
  passkeys: rows,
  authenticatorApps: rows,
  memberships: rows,
  apiKeys: rows,
});

const percent = z.number().min(0).max(100).nullable();

const securityMetrics = z.strictObject({
  authSuccessRate: percent.describe("Of sign-ins, percent that succeeded. Target: over 99.5"),
  csrfBlockRate: percent.describe("Of requests checked, percent refused as forged. Target: under 0.1"),
  kmsFailoverRate: percent.describe(
    "Of calls to the key service, percent bridged locally. Target: under 1.0",
  ),
  avgSessionDuration: z.number().min(0).nullable().describe("Minutes of use. Look into it over 480"),
  timestamp: z.iso.datetime(),
});
export type SecurityMetrics = z.infer<typeof securityMetrics>;

/** An act on one account that answers nothing. */
const ACT = { tag: "users", params: userParams, answer: null, status: 204 } as const;

export const ADMIN_ROUTES = {
  searchUsers: route({
    method: "GET",
    path: "/admin/users/search",
    summary: "Accounts by id, whole e-mail address or start of a name, the newest first",
    tag: "users",
    query: z.strictObject({
      q: z.string().trim().max(254).optional(),
      status: status.optional(),
      role: role.optional(),
      /** `next` of the page before. */
      after: uuid.optional(),
      limit: z.coerce.number().pipe(z.int().min(1).max(200)).optional(),
    }),
    answer: z.strictObject({ users: z.array(userSummary).readonly(), next: uuid.nullable() }),
    status: 200,
    problems: [],
  }),
  resetPassword: route({
    method: "POST",
    path: "/admin/users/reset-password",
    summary: "A link to choose a new password with, good once and for an hour, to hand to its owner",
    tag: "users",
    body: z.strictObject({ email }),
    answer: z.strictObject({ link: z.url(), expiresAt: timestamp }),
    status: 200,
    problems: ["unknown-user"],
  }),
  user: route({
    method: "GET",
    path: "/admin/users/:userId",
    summary: "One account",
    tag: "users",
    params: userParams,
    answer: z.strictObject({ user: userSummary }),
    status: 200,
    problems: ["unknown-user"],
  }),
  suspend: route({
    ...ACT,
    method: "POST",
    path: "/admin/users/:userId/suspend",
    summary: "Take the account out of use, until a date or until somebody lifts it",
    body: z.strictObject({ reason, until: timestamp.nullable().optional() }),
    problems: ["unknown-user", "last-administrator"],
  }),
  ban: route({
    ...ACT,
    method: "POST",
    path: "/admin/users/:userId/ban",
    summary: "Take the account out of use for good, and on request the addresses it was used from",
    body: z.strictObject({ reason, addresses: z.boolean().optional() }),
    answer: z.strictObject({ addresses: z.array(z.string()).readonly() }),
    status: 200,
    problems: ["unknown-user", "last-administrator"],
  }),
  erase: route({
    ...ACT,
    method: "DELETE",
    path: "/admin/users/:userId",
    summary:
      "Remove the account and all that refers to it, for good; `recorded`: no restore of a backup brings it back",
    answer: z.strictObject({ recorded: z.boolean() }),
    status: 200,
    problems: ["unknown-user", "last-administrator"],
  }),
  reactivate: route({
    ...ACT,
    method: "POST",
    path: "/admin/users/:userId/reactivate",
    summary: "Lift a suspension or a ban",
    problems: ["unknown-user"],
  }),
  changeRole: route({
    ...ACT,
    method: "PATCH",
    path: "/admin/users/:userId/role",
    summary: "Give the account another role",
    body: z.strictObject({ role }),
    problems: ["unknown-user", "last-administrator"],
  }),
  sessions: route({
    method: "GET",
    path: "/admin/users/:userId/sessions",
    summary: "Where the account is signed in",
    tag: "users",
    params: userParams,
    answer: z.strictObject({ sessions: z.array(userSession) }),
    status: 200,
    problems: [],
  }),
  endSessions: route({
    method: "DELETE",
    path: "/admin/users/:userId/sessions",
    summary: "Sign the account out everywhere",
    tag: "users",
    params: userParams,
    answer: z.strictObject({ ended: z.int() }),
    status: 200,
    problems: ["unknown-user"],
  }),
  export: route({
    method: "GET",
    path: "/admin/users/:userId/export",
    summary: "What is kept about a person, without any secret",
    tag: "users",
    params: userParams,
    answer: userExport,
    status: 200,
    problems: ["unknown-user"],
  }),
  securityMetrics: route({
    method: "GET",
    path: "/api/admin/security-metrics",
    summary: "How the last hour went at this process; a rate is null while nothing was counted",
    tag: "security",
    answer: securityMetrics,
    status: 200,
    problems: [],
  }),
  ...MONITORING_ROUTES,
} as const;

export type AdminRouteName = keyof typeof ADMIN_ROUTES;
