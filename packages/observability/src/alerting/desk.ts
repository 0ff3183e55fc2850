/** What an operator asks of the engine, in the process that runs it or in another one. */
import { type Clock, type Random, uuidV7Generator } from "@rempart/kernel";
import type { RuleGroup } from "../objectives/rule.ts";
import { type Letter, withoutLetter } from "./letters.ts";
import { checkMute, isOver, type Mute, type MuteRequest } from "./mutes.ts";
import type { Reason } from "./reason.ts";
import { type RouteTree, routerOf } from "./routes.ts";
import { type AlertEvent, type AlertingPolicy, DEFAULT_POLICY, eventAbout, isFiring } from "./state.ts";
import type { Rules } from "./step.ts";
import type { AlertStore, Held, Outcome } from "./store.ts";
import { checkText } from "./text.ts";
import { consequencesOf, type Topology } from "./topology.ts";
import { type AlertView, viewsOf } from "./view.ts";

export interface DeskOptions {
  readonly store: AlertStore;
  readonly rules: readonly RuleGroup[];
  readonly routes: RouteTree;
  readonly topology: Topology;
  readonly clock: Clock;
  readonly random: Random;
  readonly policy?: Partial<AlertingPolicy>;
}

export interface Listing {
  readonly alerts: readonly AlertView[];
  readonly mutes: readonly Mute[];
  /** Milliseconds since the Unix epoch; null: the engine never ran. */
  readonly advancedAt: number | null;
  readonly now: number;
}

/** Why an alert, or each alert of a rule, is told or not. */
export interface AlertExplanation {
  readonly about: string;
  /** Null: no rule of this name is declared, and no alert of this fingerprint is known. */
  readonly rule: string | null;
  readonly alerts: readonly AlertView[];
  /** Newest first. */
  readonly events: readonly AlertEvent[];
  /** What the rule was made of when it last began to fire; null: it did not, or nobody could say. */
  readonly lastFired: Reason | null;
  /** When the engine last ran; null: it never did. */
  readonly advancedAt: number | null;
  readonly now: number;
}

export interface AlertDesk {
  list(): Promise<Listing>;
  /** By the rule's name, or a fingerprint. */
  explain(about: string): Promise<AlertExplanation>;
  /** Throws TypeError for one without a condition, an author, a reason or an end, and for one that is over. */
  mute(request: MuteRequest): Promise<Mute>;
  /** Ends a silence or a maintenance window. False: there is none. */
  unmute(id: string): Promise<boolean>;
  /** Somebody is on it: it is neither escalated nor repeated until it is resolved. False: no such alert fires. */
  acknowledge(fingerprint: string, by: string): Promise<boolean>;
  deadLetters(): Promise<Letter[]>;
  /** Sends a dead letter again. False: there is none. */
  resend(id: string): Promise<boolean>;
  discard(id: string): Promise<boolean>;
}

const MAX_AUTHOR = 1_000;
const MAX_EVENTS = 50;

export function compiledRules({ rules, routes, topology, policy, clock, random }: DeskOptions): Rules {
  const declared = rules.flatMap((group) => group.rules);
  return {
    router: routerOf(routes),
    consequences: consequencesOf(topology, declared),
    policy: { ...DEFAULT_POLICY, ...policy },
    newId: uuidV7Generator(clock, random),
  };
}

type Update = <T>(work: (held: Held, now: number) => Outcome<T>) => Promise<T>;

export function createAlertDesk(
  options: DeskOptions,
  rules: Rules = compiledRules(options),
  update: Update = options.store.update,
): AlertDesk {
  const { store } = options;
  const names = new Set(options.rules.flatMap((group) => group.rules.map(({ name }) => name)));
  const list = (): Promise<Listing> =>
    update((held, now) => {
      const { state } = held;
      const mutes = [...state.mutes.values()];
      return { held, answer: { alerts: viewsOf(held, now, rules), mutes, advancedAt: state.at, now } };
    });
  return {
    list,
    async explain(about) {
      const { alerts: all, advancedAt, now } = await list();
      const alerts = all.filter(({ rule, fingerprint }) => rule === about || fingerprint === about);
      // What is kept beside the state is no reason to say nothing while the store is away.
      const events = await store.events(about, MAX_EVENTS).catch(() => []);
      const rule = names.has(about) ? about : (alerts[0]?.rule ?? events[0]?.rule ?? null);
      const lastFired = rule === null ? null : await store.reasonOf(rule).catch(() => null);
      return { about, rule, alerts, events, lastFired, advancedAt, now };
    },
    async mute(request) {
      checkMute(request);
      return update((held, now) => {
        const mute = { ...request, id: rules.newId(), createdAt: now };
        if (isOver(mute, now)) throw new TypeError("its time is over already");
        return { held: withMutes(held, new Map(held.state.mutes).set(mute.id, mute)), answer: mute };
      });
    },
    unmute: (id) =>
      update((held) => {
        const mutes = new Map(held.state.mutes);
        return mutes.delete(id) ? { held: withMutes(held, mutes), answer: true } : { held, answer: false };
      }),
    async acknowledge(fingerprint, by) {
      checkText("name", by, MAX_AUTHOR);
      return update((held, now) => acknowledged(held, fingerprint, by, now));
    },
    deadLetters: () =>
      update((held) => ({ held, answer: [...held.letters.values()].filter(({ dead }) => dead !== null) })),
    resend: (id) =>
      update((held, now) => {
        const letter = held.letters.get(id);
        if (letter === undefined || letter.dead === null) return { held, answer: false };
        const again = { ...letter, dead: null, attempts: 0, firstAttemptAt: null, nextAttemptAt: now };
        return { held: { ...held, letters: new Map(held.letters).set(id, again) }, answer: true };
      }),
    discard: (id) =>
      update((held) => {
        if ((held.letters.get(id)?.dead ?? null) === null) return { held, answer: false };
        return { held: { ...held, letters: withoutLetter(held.letters, id) }, answer: true };
      }),
  };
}

function withMutes(held: Held, mutes: ReadonlyMap<string, Mute>): Held {
  return { ...held, state: { ...held.state, mutes } };
}

function acknowledged(held: Held, fingerprint: string, by: string, now: number): Outcome<boolean> {
  const record = held.state.alerts.get(fingerprint);
  if (record === undefined || !isFiring(record)) return { held, answer: false };
  const alerts = new Map(held.state.alerts).set(fingerprint, { ...record, acknowledged: { by, at: now } });
  return {
    held: { ...held, state: { ...held.state, alerts } },
    events: [eventAbout(record, now, "acknowledged", by)],
    answer: true,
  };
}
