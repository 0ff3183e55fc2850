import type {
  ConversationView,
  FailureCode,
  KeyAlert,
  Me,
  MemberView,
  Result,
  Timeline,
  TimelineItem,
} from "../../client/api.ts";
import { type Cell, createCell } from "../../client/cell.ts";
import { fixtureId, ME, member, PEOPLE } from "./people.ts";
import type { Scenario } from "./scenarios.ts";
import { noticed } from "./stories.ts";

const PAGE = 60;
const ANSWER_MS = 350;

export const OK: Result = { ok: true, value: undefined };

export type TextItem = Extract<TimelineItem, { kind: "text" }>;

export function pause(milliseconds = ANSWER_MS): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Oneself and these people, as members of a new conversation. */
export function membersWith(userIds: readonly string[]): MemberView[] {
  const others = PEOPLE.filter((each) => userIds.includes(each.id));
  return [member(ME, { role: "owner", online: true }), ...others.map((each) => member(each))];
}

export function remove(list: { readonly id: string }[], id: string): void {
  const index = list.findIndex((each) => each.id === id);
  if (index !== -1) list.splice(index, 1);
}

/** What the double knows, and the ways it changes. */
export class DoubleState {
  readonly scenario: Scenario;
  readonly app;
  readonly connection;
  readonly conversations;
  readonly keyAlerts: Cell<readonly KeyAlert[]>;
  readonly #timelines = new Map<string, Cell<Timeline>>();
  #opened = 10_000;

  constructor(scenario: Scenario) {
    this.scenario = scenario;
    this.app = createCell(scenario.app);
    this.connection = createCell(scenario.connection);
    this.conversations = createCell(scenario.conversations);
    this.keyAlerts = createCell(scenario.keyAlerts);
  }

  /** After a moment: what the act gives, or the failure of a broken server, a missing connection or a refusal. */
  async answer<T>(act: () => T, refusal: FailureCode | null = null): Promise<Result<T>> {
    await pause();
    if (this.scenario.failing) return { ok: false, code: "unavailable", retryAfterSeconds: 30 };
    if (this.connection.get().status === "offline") return { ok: false, code: "offline" };
    if (refusal !== null) return { ok: false, code: refusal };
    return { ok: true, value: act() };
  }

  /** Who is signed in becomes this in part. */
  become(part: Partial<Me>): void {
    const app = this.app.get();
    if (app.phase === "ready") this.app.set({ phase: "ready", me: { ...app.me, ...part } });
  }

  find(id: string): ConversationView | undefined {
    return this.conversations.get()?.find((each) => each.id === id);
  }

  change(id: string, part: Partial<ConversationView>): void {
    const list = this.conversations.get() ?? [];
    const changed = list.map((each) => (each.id === id ? { ...each, ...part } : each));
    this.conversations.set(changed.sort((a, b) => b.lastActivityAt - a.lastActivityAt));
  }

  changeMembers(id: string, next: (members: readonly MemberView[]) => readonly MemberView[]): void {
    this.change(id, { members: next(this.find(id)?.members ?? []) });
  }

  open(part: Pick<ConversationView, "kind" | "title" | "members">): { conversationId: string } {
    this.#opened += 1;
    const id = fixtureId("conversation", this.#opened);
    this.conversations.set([newConversation(id, part), ...(this.conversations.get() ?? [])]);
    this.append(id, noticed({ type: "created", by: { id: ME.id, name: ME.name } }, 1, Date.now()));
    return { conversationId: id };
  }

  timeline(id: string): Cell<Timeline> {
    const known = this.#timelines.get(id);
    if (known) return known;
    const all = this.#history(id);
    const newest = { items: all.slice(-PAGE), hasOlder: all.length > PAGE, loading: false };
    const cell = createCell<Timeline>(newest);
    this.#timelines.set(id, cell);
    return cell;
  }

  #history(id: string): readonly TimelineItem[] {
    return this.scenario.timelines.get(id) ?? [];
  }

  async loadOlder(id: string): Promise<void> {
    const cell = this.timeline(id);
    if (cell.get().loading) return;
    cell.set({ ...cell.get(), loading: true });
    await pause();
    const all = this.#history(id);
    const oldest = Math.max(0, all.indexOf(cell.get().items[0] as TimelineItem));
    const older = all.slice(Math.max(0, oldest - PAGE), oldest);
    cell.set({ items: [...older, ...cell.get().items], hasOlder: oldest > PAGE, loading: false });
  }

  append(id: string, item: TimelineItem): void {
    this.#setItems(id, [...this.timeline(id).get().items, item]);
    this.change(id, { lastActivityAt: item.at });
  }

  discard(id: string, messageId: string): void {
    const { items } = this.timeline(id).get();
    this.#setItems(
      id,
      items.filter((item) => item.id !== messageId),
    );
  }

  updateText(id: string, messageId: string, part: Partial<TextItem>): void {
    const { items } = this.timeline(id).get();
    const isIt = (item: TimelineItem): item is TextItem => item.id === messageId && item.kind === "text";
    this.#setItems(
      id,
      items.map((item) => (isIt(item) ? { ...item, ...part } : item)),
    );
  }

  #setItems(id: string, items: readonly TimelineItem[]): void {
    const cell = this.timeline(id);
    cell.set({ ...cell.get(), items });
    this.change(id, { preview: items.at(-1) ?? null });
  }

  head(id: string): number {
    return (
      this.timeline(id)
        .get()
        .items.findLast((item) => item.seq !== null)?.seq ?? 0
    );
  }
}

function newConversation(
  id: string,
  part: Pick<ConversationView, "kind" | "title" | "members">,
): ConversationView {
  return {
    id,
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
}
