import type { Device, Session } from "@rempart/messaging/contract";
import type { MessengerClient, SafetyNumber } from "../../client/api.ts";
import { fixtureId, ME } from "./people.ts";
import { type DoubleState, OK, pause, remove } from "./state.ts";

const DAY = 86_400_000;

type AccountCommands = Pick<
  MessengerClient,
  | "signOut"
  | "eraseAccount"
  | "takeOver"
  | "rename"
  | "devices"
  | "revokeDevice"
  | "acknowledgeDevice"
  | "trustKeyLog"
  | "sessions"
  | "revokeSession"
  | "revokeOtherSessions"
  | "changePassword"
  | "changeEmail"
  | "resendVerification"
  | "safetyNumber"
  | "setVerified"
  | "reconnect"
>;

export function accountCommands(state: DoubleState): AccountCommands {
  const devices = fixtureDevices();
  const sessions = fixtureSessions();
  const verified = new Set<string>();
  const forgetAlert = (deviceId: string): void =>
    state.keyAlerts.set(
      state.keyAlerts.get().filter((alert) => alert.type !== "new-device" || alert.deviceId !== deviceId),
    );

  return {
    async signOut() {
      await pause();
      state.app.set({ phase: "signed-out", reason: "none" });
      return OK;
    },
    eraseAccount: () => state.answer(() => state.app.set({ phase: "signed-out", reason: "erased" })),
    takeOver: () => state.answer(() => state.app.set({ phase: "ready", me: ME })),
    rename: (name) => state.answer(() => state.become({ name })),
    changePassword: ({ current }) =>
      state.answer(() => undefined, current.startsWith("wrong") ? "wrong-credentials" : null),
    changeEmail: () => state.answer(() => undefined),
    resendVerification: () => state.answer(() => undefined),
    devices: () => state.answer(() => [...devices]),
    revokeDevice: (id) =>
      state.answer(() => {
        remove(devices, id);
        forgetAlert(id);
      }),
    acknowledgeDevice: (id) => state.answer(() => forgetAlert(id)),
    trustKeyLog: () => state.answer(() => state.keyAlerts.set([])),
    sessions: () => state.answer(() => [...sessions]),
    revokeSession: (id) => state.answer(() => remove(sessions, id)),
    revokeOtherSessions: () => state.answer(() => void sessions.splice(1)),
    safetyNumber: (userId) => state.answer(() => safetyNumberOf(userId, verified.has(userId))),
    setVerified: (userId, on) =>
      state.answer(() => {
        if (on) verified.add(userId);
        else verified.delete(userId);
      }),
    reconnect: () => state.connection.set({ status: "online", retryAt: null }),
  };
}

function safetyNumberOf(userId: string, verified: boolean): SafetyNumber {
  const seed = [...userId].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 99_991, 7);
  const groups = Array.from({ length: 12 }, (_, n) =>
    String((seed * (n + 3) * 7919) % 100_000).padStart(5, "0"),
  );
  return { groups, qrText: `rempart:${groups.join("")}`, verified, changed: false };
}

function fixtureDevices(): Device[] {
  const made = (n: number, name: string, usedAgo: number): Device => ({
    id: fixtureId("device", n),
    userId: ME.id,
    signatureKey: "A".repeat(43),
    createdAt: Date.now() - 90 * DAY,
    revokedAt: null,
    name,
    lastUsedAt: Date.now() - usedAgo,
    keyPackages: { "x-wing": 80, x25519: 80 },
    lastResort: { "x-wing": true, x25519: true },
  });
  return [made(0, "Firefox · Linux", 20_000), made(1, "Chrome · Android", 3 * DAY)];
}

function fixtureSessions(): Session[] {
  const made = (n: number, userAgent: string, usedAgo: number, amr: string[]): Session => ({
    id: fixtureId("session", n),
    current: n === 0,
    createdAt: Date.now() - 12 * DAY,
    lastUsedAt: Date.now() - usedAgo,
    expiresAt: Date.now() + 18 * DAY,
    userAgent,
    address: `192.0.2.${n + 10}`,
    amr,
  });
  return [
    made(0, "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", 20_000, [
      "pwd",
      "otp",
      "mfa",
    ]),
    made(1, "Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36", 3 * DAY, [
      "pop",
      "user",
      "mfa",
    ]),
    made(2, "curl/8.14.1", 9 * DAY, ["pwd"]),
  ];
}
