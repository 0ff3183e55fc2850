import type { Device, Session } from "@rempart/messaging/contract";
import type { MessengerClient, Result, SafetyNumber } from "../../client/api.ts";
import { fixtureId, ME } from "./people.ts";
import { type DoubleState, OK, pause } from "./state.ts";

const DAY = 86_400_000;

type AccountCommands = Pick<
  MessengerClient,
  | "signUp"
  | "signIn"
  | "signOut"
  | "takeOver"
  | "rename"
  | "devices"
  | "revokeDevice"
  | "sessions"
  | "revokeSession"
  | "safetyNumber"
  | "setVerified"
  | "reconnect"
>;

export function accountCommands(state: DoubleState): AccountCommands {
  const devices = fixtureDevices();
  const sessions = fixtureSessions();
  const verified = new Set<string>();

  async function enter(email: string, name: string): Promise<Result> {
    await pause();
    if (state.scenario.failing) return { ok: false, code: "wrong-credentials" };
    if (email.startsWith("taken")) return { ok: false, code: "email-taken" };
    state.app.set({ phase: "ready", me: { ...ME, email, name } });
    return OK;
  }

  return {
    signUp: ({ email, name }) => enter(email, name),
    signIn: ({ email }) => enter(email, ME.name),
    async signOut() {
      await pause();
      state.app.set({ phase: "signed-out", reason: "none" });
      return OK;
    },
    takeOver: () => state.answer(() => state.app.set({ phase: "ready", me: ME })),
    rename: (name) => state.answer(() => state.app.set({ phase: "ready", me: { ...ME, name } })),
    devices: () => state.answer(() => [...devices]),
    revokeDevice: (id) => state.answer(() => forget(devices, id)),
    sessions: () => state.answer(() => [...sessions]),
    revokeSession: (id) => state.answer(() => forget(sessions, id)),
    safetyNumber: (userId) => state.answer(() => safetyNumberOf(userId, verified.has(userId))),
    setVerified: (userId, on) =>
      state.answer(() => {
        if (on) verified.add(userId);
        else verified.delete(userId);
      }),
    reconnect: () => state.connection.set({ status: "online", retryAt: null }),
  };
}

function forget(list: { readonly id: string }[], id: string): void {
  const index = list.findIndex((each) => each.id === id);
  if (index !== -1) list.splice(index, 1);
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
  });
  return [made(0, "Firefox · Linux", 20_000), made(1, "Chrome · Android", 3 * DAY)];
}

function fixtureSessions(): Session[] {
  const made = (n: number, userAgent: string, usedAgo: number): Session => ({
    id: fixtureId("session", n),
    current: n === 0,
    createdAt: Date.now() - 12 * DAY,
    lastUsedAt: Date.now() - usedAgo,
    expiresAt: Date.now() + 18 * DAY,
    userAgent,
    address: `192.0.2.${n + 10}`,
  });
  return [
    made(0, "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", 20_000),
    made(1, "Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36", 3 * DAY),
  ];
}
