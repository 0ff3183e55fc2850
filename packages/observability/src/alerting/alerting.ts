import { toHex } from "@rempart/kernel";
import type { Logger } from "@rempart/runtime";
import type { Evaluation, Explanation } from "../monitor/evaluation.ts";
import type { AlertRule } from "../objectives/rule.ts";
import type { Delivery, Receiver } from "../receivers/receiver.ts";
import { type Report, reportOf } from "./absorb.ts";
import { type Beat, Beats, beatNotification, withoutStaleBeats } from "./beats.ts";
import {
  type AlertDesk,
  type AlertExplanation,
  compiledRules,
  createAlertDesk,
  type DeskOptions,
} from "./desk.ts";
import { Dispatcher } from "./dispatcher.ts";
import { Keeper } from "./keeper.ts";
import { type Letter, post, setBack } from "./letters.ts";
import type { Notification } from "./notification.ts";
import { reasonText } from "./reason.ts";
import { checkRoutes } from "./routes.ts";
import type { AlertEvent } from "./state.ts";
import { step } from "./step.ts";

/** For metrics, and for whoever goes on from what was told. */
export type AlertingEvent =
  | { readonly kind: "alert"; readonly rule: string; readonly what: AlertEvent["kind"] }
  /** What became of an attempt. */
  | {
      readonly kind: "delivery";
      readonly notification: Notification;
      readonly outcome: Delivery["kind"];
      readonly isDead: boolean;
    }
  /** Alerts that there was no room for. */
  | { readonly kind: "refused"; readonly count: number }
  | { readonly kind: "store"; readonly isAway: boolean };

export interface AlertingOptions extends DeskOptions {
  readonly receivers: readonly Receiver[];
  readonly log: Logger;
  readonly observe?: (event: AlertingEvent) => void;
  /** Names this process among those that share the store. Random unless given. */
  readonly reporter?: string;
  /** Why a rule's expression has the elements it has now: `explain` of a `Monitor`. */
  readonly explainRule?: (rule: AlertRule) => Promise<Explanation>;
  /** Between two ticks, in milliseconds. Default 5 seconds; null: whoever made the engine calls `tick`. */
  readonly everyMs?: number | null;
  /** That one attempt to send may take, in milliseconds. Default 20 seconds. */
  readonly attemptMs?: number;
  /** That the store has to answer, in milliseconds. Default 10 seconds. */
  readonly storeTimeoutMs?: number;
}

export interface RuleExplanation extends AlertExplanation {
  /** What the rule's expression and each of its parts are now, with their samples; null where this process does not evaluate it. */
  readonly expression: Explanation | null;
  /** When this process last evaluated the rule; null: it did not. */
  readonly evaluatedAt: number | null;
  /** Why it could not; null: it could. */
  readonly failed: string | null;
  /** False: the history is too young to say that an alert is over. */
  readonly isSettled: boolean;
}

export interface Alerting extends AlertDesk {
  /** Resolves when the evaluation is kept and what is due is on its way. */
  take(evaluation: Evaluation): Promise<void>;
  /** What is due by now: the engine calls it every few seconds. */
  tick(): Promise<void>;
  explain(about: string): Promise<RuleExplanation>;
  /** Waits for what is being sent; what is not sent yet is another process's, or of the next start. */
  stop(): Promise<void>;
}

const EVERY_MS = 5_000;
const ATTEMPT_MS = 20_000;
const STORE_TIMEOUT_MS = 10_000;
const ASK_AGAIN_MS = 2_000;
/** At one time: many rules that fire at once have one cause. */
const MAX_REASONS = 10;
const PRUNE_MS = 3_600_000;
const KEEP_EVENTS_MS = 90 * 86_400_000;
const KEEP_EVENTS = 100_000;

/**
 * Takes evaluations, decides who is told what, and tells them. Any number of processes may share a store. Throws TypeError for
 * routes that name a receiver that is not there.
 */
export function createAlerting(options: AlertingOptions): Alerting {
  const { store, clock, random, log, observe = () => {}, everyMs = EVERY_MS } = options;
  const { reporter = toHex(random.bytes(16)), attemptMs = ATTEMPT_MS } = options;
  const receivers = new Map(options.receivers.map((receiver) => [receiver.name, receiver]));
  checkRoutes(options.routes, new Set(receivers.keys()));
  const rules = compiledRules(options);
  const declared = options.rules.flatMap((group) => group.rules);
  const alertRules = declared.filter(({ beats }) => beats === undefined);
  const byName = new Map(alertRules.map((rule) => [rule.name, rule]));
  const beats = new Beats(
    declared.filter((rule) => rule.beats),
    rules,
    receivers,
  );
  const keeper = new Keeper({
    store,
    clock,
    log,
    storeTimeoutMs: options.storeTimeoutMs ?? STORE_TIMEOUT_MS,
    askAgainMs: ASK_AGAIN_MS,
    onAway: (isAway) => observe({ kind: "store", isAway }),
  });
  const dispatcher = new Dispatcher({
    keeper,
    receivers,
    sender: reporter,
    random,
    log,
    attemptMs,
    onDelivery: (letter, delivery, isDead) => tellDelivery(letter, delivery, isDead),
  });
  const desk = createAlertDesk(options, rules, (work) => keeper.update(work));
  let newest: Evaluation | null = null;
  let prunedAt = Number.NEGATIVE_INFINITY;

  function tellDelivery({ notification }: Letter, delivery: Delivery, isDead: boolean): void {
    const { receiver, groupKey } = notification;
    observe({ kind: "delivery", notification, outcome: delivery.kind, isDead });
    if (delivery.kind === "accepted") return;
    const fields = { receiver, groupKey, reason: delivery.reason };
    if (isDead) log.error(fields, "a notification could not be delivered: it is a dead letter now");
    else log.warn(fields, "a notification was not taken, and is sent again later");
  }

  async function move(report: Report | null, due: readonly Beat[] = []): Promise<void> {
    const { events, refused } = await keeper.update((held, now) => {
      const { state, notifications, events, refused } = step(held.state, report, now, rules);
      const by = (held.state.at ?? now) - now;
      const fresh = withoutStaleBeats(by > 0 ? setBack(held.letters, by) : held.letters, now);
      const beating = due.map((beat) => beatNotification(beat, reporter, rules.newId(), now));
      const letters = post(fresh, [...notifications, ...beating], now);
      return { held: { state, letters }, events, answer: { events, refused } };
    });
    if (!keeper.isAway) beats.written(due);
    for (const { rule, kind: what } of events) observe({ kind: "alert", rule, what });
    if (refused > 0) {
      observe({ kind: "refused", count: refused });
      log.error({ refused }, "there are more alerts than are kept: these are not told");
    }
    await dispatcher.dispatch();
    const fired = new Set(events.filter(({ kind }) => kind === "fired").map(({ rule }) => rule));
    await Promise.all([...fired].slice(0, MAX_REASONS).map(keepReason));
  }

  /** While the samples are there: afterwards nobody could say why it fired. */
  async function keepReason(name: string): Promise<void> {
    const rule = byName.get(name);
    if (rule === undefined || options.explainRule === undefined || keeper.isAway) return;
    try {
      const text = reasonText(await options.explainRule(rule));
      await store.keepReason(name, { at: clock.now(), text });
    } catch (error) {
      log.warn({ err: error, rule: name }, "why the rule fired could not be kept");
    }
  }

  async function prune(): Promise<void> {
    if (clock.monotonic() - prunedAt < PRUNE_MS || keeper.isAway) return;
    prunedAt = clock.monotonic();
    await store.prune(clock.now() - KEEP_EVENTS_MS, KEEP_EVENTS);
  }

  async function tick(): Promise<void> {
    await move(null);
    await prune();
  }

  const unexpected = (error: unknown): void =>
    log.error({ err: error }, "alerting could not go on with this turn");
  let turn: Promise<void> | null = null;
  const takeTurn = (): void => {
    turn ??= tick()
      .catch(unexpected)
      .finally(() => {
        turn = null;
      });
  };
  const timer = everyMs === null ? null : setInterval(takeTurn, everyMs);
  timer?.unref();

  return {
    ...desk,
    async take(evaluation) {
      newest = evaluation;
      await move(reportOf(reporter, byName, evaluation), beats.due(evaluation));
    },
    tick,
    async explain(about) {
      const explanation = await desk.explain(about);
      const rule = declared.find(({ name }) => name === explanation.rule);
      const expression = rule === undefined ? null : await options.explainRule?.(rule);
      return { ...explanation, expression: expression ?? null, ...lastOf(newest, explanation.rule) };
    },
    async stop() {
      clearInterval(timer ?? undefined);
      await turn;
      await dispatcher.stop();
    },
  };
}

function lastOf(
  newest: Evaluation | null,
  rule: string | null,
): Pick<RuleExplanation, "evaluatedAt" | "failed" | "isSettled"> {
  const failed = newest?.failed.find((one) => one.rule === rule)?.reason ?? null;
  const result = newest?.results.find((one) => one.rule === rule);
  const isEvaluated = failed !== null || result !== undefined;
  return {
    evaluatedAt: isEvaluated ? (newest?.at ?? null) : null,
    failed,
    isSettled: result?.settled ?? false,
  };
}
