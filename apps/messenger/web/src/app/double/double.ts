import type { Device, Session } from "@rempart/messaging/contract";
import type {
  ConversationView,
  MessengerClient,
  Result,
  SafetyNumber,
  Store,
  Timeline,
  TimelineItem,
} from "../../client/api.ts";
import { type Cell, createCell } from "../../client/cell.ts";
import { fixtureId, ME, member, PEOPLE, person } from "./people.ts";
import type { Scenario } from "./scenarios.ts";
import { noticed, said } from "./stories.ts";

const PAGE = 60;
const ANSWER_MS = 350;
const OK: Result = { ok: true, value: undefined };
const DAY = 86_400_000;

type TextItem = Extract<TimelineItem, { kind: "text" }>;

/**
 * The messenger without server, worker or cryptography: everything is in memory and gone with the page. It behaves as the
 * real client does towards the screens: commands take a moment, messages move from queued to read, older pages come late.
 */
export function createDouble(scenario: Scenario): MessengerClient {
  const app = createCell(scenario.app);
  const connection = createCell(scenario.connection);
  const conversations = createCell(scenario.conversations);
  const timelines = new Map<string, Cell<Timeline>>();
  const verified = new Set<string>();
  const devices = fixtureDevices();
  const sessions = fixtureSessions();
  let nextConversation = 10_000;

  function pause(ms = ANSWER_MS): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, ms));
  }

  async function answer<T>(act: () => T): Promise<Result<T>> {
    await pause();
    if (scenario.failing) return { ok: false, code: "unavailable", retryAfterSeconds: 30 };
    if (connection.get().status === "offline") return { ok: false, code: "offline" };
    return { ok: true, value: act() };
  }

  function items(id: string): readonly TimelineItem[] {
    return scenario.timelines.get(id) ?? [];
  }

  function timeline(id: string): Cell<Timeline> {
    const known = timelines.get(id);
    if (known) return known;
    const all = items(id);
    const cell = createCell<Timeline>({
      items: all.slice(-PAGE),
      hasOlder: all.length > PAGE,
      loading: false,
    });
    timelines.set(id, cell);
    return cell;
  }

  function change(id: string, part: Partial<ConversationView>): void {
    const list = conversations.get() ?? [];
    const changed = list.map((each) => (each.id === id ? { ...each, ...part } : each));
    conversations.set(changed.sort((a, b) => b.lastActivityAt - a.lastActivityAt));
  }

  function find(id: string): ConversationView | undefined {
    return conversations.get()?.find((each) => each.id === id);
  }

  function append(id: string, item: TimelineItem): void {
    const cell = timeline(id);
    cell.set({ ...cell.get(), items: [...cell.get().items, item] });
    change(id, { preview: item, lastActivityAt: item.at });
  }

  function update(id: string, messageId: string, part: Partial<TextItem>): void {
    const cell = timeline(id);
    const next = cell
      .get()
      .items.map((item) => (item.id === messageId && item.kind === "text" ? { ...item, ...part } : item));
    cell.set({ ...cell.get(), items: next });
    const newest = next.at(-1);
    if (newest) change(id, { preview: newest });
  }

  function headOf(id: string): number {
    return (
      timeline(id)
        .get()
        .items.findLast((item) => item.seq !== null)?.seq ?? 0
    );
  }

  async function deliver(id: string, messageId: string): Promise<void> {
    if (connection.get().status !== "online") return;
    update(id, messageId, { delivery: "sending", failure: null });
    await pause();
    if (scenario.failing) return update(id, messageId, { delivery: "failed", failure: "timeout" });
    update(id, messageId, { delivery: "sent", seq: headOf(id) + 1 });
    await pause();
    update(id, messageId, { delivery: "delivered" });
    await pause(900);
    update(id, messageId, { delivery: "read" });
  }

  function open(part: Partial<ConversationView>): { conversationId: string } {
    nextConversation += 1;
    const id = fixtureId("conversation", nextConversation);
    const created = noticed({ type: "created", by: { id: ME.id, name: ME.name } }, 1, Date.now());
    const view: ConversationView = {
      id,
      kind: "direct",
      title: null,
      members: [],
      myRole: "owner",
      active: true,
      postQuantum: true,
      unread: 0,
      draft: "",
      lastActivityAt: Date.now(),
      preview: null,
      typing: [],
      sync: "ready",
      ...part,
    };
    conversations.set([view, ...(conversations.get() ?? [])]);
    append(id, created);
    return { conversationId: id };
  }

  const us = (ids: readonly string[]) => [
    member(ME, { role: "owner", online: true }),
    ...PEOPLE.filter((each) => ids.includes(each.id)).map((each) => member(each)),
  ];

  return {
    app: app as Store<typeof scenario.app>,
    connection,
    conversations,
    timeline,
    signUp: ({ email, name }) => enter(email, name),
    signIn: ({ email }) => enter(email, ME.name),
    async signOut() {
      await pause();
      app.set({ phase: "signed-out", reason: "none" });
      return OK;
    },
    takeOver: () => answer(() => app.set({ phase: "ready", me: ME })),
    rename: (name) => answer(() => app.set({ phase: "ready", me: { ...ME, name } })),
    searchUsers: (query) =>
      answer(() => PEOPLE.filter((each) => each.name.toLowerCase().includes(query.toLowerCase()))),
    startDirect: (userId) =>
      answer(() => {
        const known = conversations
          .get()
          ?.find((each) => each.kind === "direct" && each.members.some((one) => one.id === userId));
        if (known) return { conversationId: known.id };
        const who = PEOPLE.find((each) => each.id === userId) ?? person(0);
        return open({ title: who.name, members: us([userId]) });
      }),
    createGroup: ({ title, userIds }) => answer(() => open({ kind: "group", title, members: us(userIds) })),
    addMembers: (id, userIds) =>
      answer(() => change(id, { members: [...(find(id)?.members ?? []), ...us(userIds).slice(1)] })),
    removeMember: (id, userId) =>
      answer(() => change(id, { members: (find(id)?.members ?? []).filter((each) => each.id !== userId) })),
    setRole: (id, userId, role) =>
      answer(() => {
        const members = (find(id)?.members ?? []).map((each) =>
          each.id === userId ? { ...each, role } : each,
        );
        change(id, { members });
      }),
    renameGroup: (id, title) => answer(() => change(id, { title })),
    leave: (id) => answer(() => change(id, { active: false })),
    async send(id, text) {
      const item = said("me", text, null, Date.now(), "queued");
      append(id, item);
      void deliver(id, item.id);
      return OK;
    },
    async retry(id, messageId) {
      void deliver(id, messageId);
      return OK;
    },
    async discard(id, messageId) {
      const cell = timeline(id);
      cell.set({ ...cell.get(), items: cell.get().items.filter((item) => item.id !== messageId) });
      return OK;
    },
    async loadOlder(id) {
      const cell = timeline(id);
      if (cell.get().loading) return OK;
      cell.set({ ...cell.get(), loading: true });
      await pause();
      const all = items(id);
      const oldest = all.findIndex((item) => item.id === cell.get().items[0]?.id);
      const older = all.slice(Math.max(0, oldest - PAGE), Math.max(0, oldest));
      cell.set({ items: [...older, ...cell.get().items], hasOlder: oldest > PAGE, loading: false });
      return OK;
    },
    markRead: (id) => change(id, { unread: 0 }),
    setTyping: () => {},
    saveDraft: (id, draft) => change(id, { draft }),
    devices: () => answer(() => devices),
    revokeDevice: (id) =>
      answer(() => {
        const index = devices.findIndex((each) => each.id === id);
        if (index !== -1) devices.splice(index, 1);
      }),
    sessions: () => answer(() => sessions),
    revokeSession: (id) =>
      answer(() => {
        const index = sessions.findIndex((each) => each.id === id);
        if (index !== -1) sessions.splice(index, 1);
      }),
    safetyNumber: (userId) => answer(() => safetyNumberOf(userId, verified.has(userId))),
    setVerified: (userId, on) =>
      answer(() => {
        if (on) verified.add(userId);
        else verified.delete(userId);
      }),
    reconnect: () => connection.set({ status: "online", retryAt: null }),
  };

  async function enter(email: string, name: string): Promise<Result> {
    await pause();
    if (scenario.failing) return { ok: false, code: "wrong-credentials" };
    if (email.startsWith("taken")) return { ok: false, code: "email-taken" };
    app.set({ phase: "ready", me: { ...ME, email, name } });
    return OK;
  }
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
