import type {
  AppState,
  Connection,
  ConversationView,
  KeyAlert,
  Me,
  MemberView,
  TimelineItem,
} from "../../client/api.ts";
import { fixtureId, ME, member, person } from "./people.ts";
import { FESTIVAL, filler, noticed, PAIR, SMALL_TALK, said, story, unreadable } from "./stories.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** What the double starts with, and how it behaves. */
export interface Scenario {
  readonly app: AppState;
  readonly connection: Connection;
  readonly conversations: readonly ConversationView[] | null;
  readonly timelines: ReadonlyMap<string, readonly TimelineItem[]>;
  readonly keyAlerts: readonly KeyAlert[];
  /** Every command fails, as behind a broken server. */
  readonly failing: boolean;
  /** The account has an authenticator app, passkeys and recovery codes; otherwise it has none. */
  readonly protected: boolean;
}

const READY: AppState = { phase: "ready", me: ME };
/** An administrator who has to add a second factor, and whose address is not proven. */
const UNPROTECTED: Me = { ...ME, emailVerified: false, mfaEnabled: false, mfaRequired: true };
const ONLINE: Connection = { status: "online", retryAt: null };

type Entry = readonly [ConversationView, readonly TimelineItem[]];

function conversation(n: number, items: readonly TimelineItem[], part: Partial<ConversationView>): Entry {
  const newest = items.at(-1);
  const read = items.length - (part.unread ?? 0) + 1;
  const members: readonly MemberView[] = [
    member(ME, { role: "owner", online: true, read }),
    ...(part.members ?? []),
  ];
  return [
    {
      id: fixtureId("conversation", n),
      kind: "direct",
      title: members[1]?.name ?? null,
      myRole: "owner",
      active: true,
      postQuantum: true,
      unread: 0,
      draft: "",
      lastActivityAt: newest?.at ?? Date.now() - n * DAY,
      preview: newest ?? null,
      typing: [],
      sync: "ready",
      ...part,
      members,
    },
    items,
  ];
}

function scenario(entries: readonly Entry[], part: Partial<Scenario> = {}): Scenario {
  const sorted = [...entries].sort(([a], [b]) => b.lastActivityAt - a.lastActivityAt);
  return {
    app: READY,
    connection: ONLINE,
    conversations: sorted.map(([view]) => view),
    timelines: new Map(entries.map(([view, items]) => [view.id, items])),
    failing: false,
    protected: true,
    keyAlerts: [],
    ...part,
  };
}

function festival(part: Partial<ConversationView> = {}): Entry {
  const lines = story(FESTIVAL, 4);
  const start = (lines[0]?.at ?? 0) - 20 * MINUTE;
  const people = [0, 1, 2, 3, 4].map(person);
  const items = [
    noticed({ type: "created", by: person(0) }, 1, start),
    noticed({ type: "renamed", by: person(0), title: "Ramparts festival" }, 1, start + MINUTE),
    ...lines,
  ];
  const members = people.map((who, index) =>
    member(who, { role: index === 0 ? "owner" : index === 1 ? "admin" : "member", online: index < 3 }),
  );
  return conversation(1, items, {
    kind: "group",
    title: "Ramparts festival",
    members,
    ...part,
  });
}

function pair(part: Partial<ConversationView> = {}): Entry {
  return conversation(2, story(PAIR, 26), { members: [member(person(1), { online: true })], ...part });
}

function smallTalk(): Entry[] {
  return SMALL_TALK.map((lines, index) => {
    const who = person(index + 2);
    const ago = [70, 190, 1500, 2900, 6100, 14_000][index] ?? 60;
    const items = story(
      lines.map(([by, text, minutes]) => [by === "me" ? "me" : who, text, minutes] as const),
      ago,
    );
    return conversation(index + 3, items, {
      members: [member(who, { online: index % 3 === 0 })],
      unread: [2, 0, 1, 0, 0, 0][index] ?? 0,
      draft: index === 3 ? "And the plants, do they need" : "",
      typing: index === 2 ? [who] : [],
    });
  });
}

function everyday(part: Partial<Scenario> = {}): Scenario {
  return scenario([festival(), pair(), ...smallTalk()], part);
}

function crowded(unread = 40): Scenario {
  const now = Date.now();
  const people = Array.from({ length: 12 }, (_, n) => member(person(n), { online: n % 2 === 0 }));
  const long = Array.from({ length: 5000 }, (_, n) =>
    said(n % 4 === 0 ? "me" : person((n >> 1) % 6), filler(n), n + 1, now - (5000 - n) * 9 * MINUTE),
  );
  const main = conversation(1, long, { kind: "group", title: "Market day", members: people, unread });
  const others = Array.from({ length: 299 }, (_, n) =>
    conversation(n + 2, [said(person(n), filler(n), 1, now - (n + 1) * 5 * HOUR)], {
      kind: n % 5 === 0 ? "group" : "direct",
      title: n % 5 === 0 ? `Circle ${n / 5 + 1}` : `${person(n).name} ${n}`,
      members: [member(person(n))],
      unread: n % 7 === 0 ? n + 1 : 0,
    }),
  );
  return scenario([main, ...others]);
}

function troubled(): Scenario {
  const now = Date.now();
  const items = [
    unreadable(person(0), "before-joining", 1, now - 40 * MINUTE),
    unreadable(person(0), "key-lost", 2, now - 38 * MINUTE),
    said(person(0), "Can you read me now?", 3, now - 30 * MINUTE),
    unreadable(person(0), "tampered", 4, now - 25 * MINUTE),
    unreadable(person(1), "sender-mismatch", 5, now - 24 * MINUTE),
    unreadable(person(1), "malformed", 6, now - 23 * MINUTE),
    noticed({ type: "devices-changed", person: person(0), added: 1, removed: 0 }, 7, now - 20 * MINUTE),
    noticed({ type: "rejoined", person: { id: ME.id, name: ME.name } }, 8, now - 18 * MINUTE),
    said("me", "Yes, loud and clear.", 9, now - 12 * MINUTE, "sent"),
    said(
      "me",
      "See https://www.rfc-editor.org/rfc/rfc9420 for how it works.",
      10,
      now - 11 * MINUTE,
      "delivered",
    ),
    {
      ...said("me", "This one could not leave.", null, now - 3 * MINUTE, "failed"),
      failure: "timeout" as const,
    },
    said("me", "This one waits.", null, now - 2 * MINUTE, "queued"),
  ];
  return scenario([
    conversation(1, items as TimelineItem[], {
      kind: "group",
      title: "Night watch",
      members: [member(person(0), { role: "admin" }), member(person(1))],
    }),
    ...smallTalk(),
  ]);
}

/** Somebody who removed their only device, and was written to since. */
function waitingPair(): Entry {
  const now = Date.now();
  const items = [
    said(person(1), "My phone is broken. I will sign in on another one.", 1, now - 2 * HOUR),
    noticed({ type: "devices-changed", person: person(1), added: 0, removed: 1 }, 2, now - HOUR),
    said("me", "Tell me when you are back.", null, now - 2 * MINUTE, "held"),
  ];
  return conversation(1, items, { members: [member(person(1))], sync: "waiting" });
}

const ALERTS: readonly KeyAlert[] = [
  { type: "log-untrusted", reason: "forked" },
  {
    type: "new-device",
    deviceId: fixtureId("device", 2),
    name: "Firefox on Linux",
    addedAt: Date.now() - 4 * MINUTE,
  },
];

/** Every scenario by name; each makes its own fresh state. */
export const SCENARIOS = {
  everyday,
  crowded: () => crowded(),
  returning: () => crowded(400),
  troubled,
  empty: () => scenario([]),
  loading: () => scenario([], { conversations: null }),
  offline: () => everyday({ connection: { status: "offline", retryAt: Date.now() + 24_000 } }),
  connecting: () => everyday({ connection: { status: "connecting", retryAt: null } }),
  failures: () => everyday({ failing: true }),
  removed: () => scenario([festival({ active: false, myRole: "member" }), pair()]),
  recovering: () => scenario([festival({ sync: "recovering" }), pair({ sync: "catching-up" })]),
  waiting: () => scenario([waitingPair(), ...smallTalk()]),
  unprotected: () => everyday({ app: { phase: "ready", me: UNPROTECTED }, protected: false }),
  alerted: () => everyday({ keyAlerts: ALERTS }),
  "signed-out": () => scenario([], { app: { phase: "signed-out", reason: "none" } }),
  expired: () => scenario([], { app: { phase: "signed-out", reason: "expired" } }),
  starting: () => scenario([], { app: { phase: "starting" } }),
  elsewhere: () => everyday({ app: { phase: "elsewhere" } }),
  failed: () => scenario([], { app: { phase: "failed", code: "storage-full" } }),
} satisfies Record<string, () => Scenario>;

export type ScenarioName = keyof typeof SCENARIOS;

export function isScenario(name: string | null): name is ScenarioName {
  return name !== null && Object.hasOwn(SCENARIOS, name);
}
