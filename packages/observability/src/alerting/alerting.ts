import { toHex } from "@rempart/kernel";
import type { Logger } from "@rempart/runtime";
import type { Evaluation, Explanation } from "../monitor/evaluation.ts";
import type { AlertRule } from "../objectives/rule.ts";
import type { Receiver } from "../receivers/receiver.ts";
import type { Observe } from "./alerting-event.ts";
import { Beats } from "./beats.ts";
import {
  type AlertDesk,
  type AlertExplanation,
  compiledRules,
  createAlertDesk,
  type DeskOptions,
} from "./desk.ts";
import { Dispatcher, type DispatcherOptions } from "./dispatcher.ts";
import { Engine } from "./engine.ts";
import { Keeper } from "./keeper.ts";
import { ReasonKeeper } from "./reason-keeper.ts";
import { checkRoutes } from "./routes.ts";
import { Turns } from "./turns.ts";

export interface AlertingOptions extends DeskOptions {
  readonly receivers: readonly Receiver[];
  readonly log: Logger;
  readonly observe?: Observe;
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

/**
 * Takes evaluations, decides who is told what, and tells them. Any number of processes may share a store. Throws TypeError for
 * routes that name a receiver that is not there.
 */
export function createAlerting(options: AlertingOptions): Alerting {
  const { store, clock, random, log, observe = () => {}, everyMs = EVERY_MS } = options;
  const { reporter = toHex(random.bytes(16)), explainRule } = options;
  const receivers = new Map(options.receivers.map((receiver) => [receiver.name, receiver]));
  checkRoutes(options.routes, new Set(receivers.keys()));
  const rules = compiledRules(options);
  const { declared, alertRules, beating } = rulesByKind(options.rules);
  const keeper = keeperFor(options, observe);
  const dispatcher = dispatcherFor(options, { keeper, receivers, sender: reporter }, observe);
  const beats = new Beats(beating, rules, receivers);
  const rim = { store, clock, log, keeper };
  const reasons = new ReasonKeeper({ ...rim, explainRule, rules: alertRules });
  const engine = new Engine({ ...rim, reporter, rules, alertRules, beats, dispatcher, reasons, observe });
  const desk = createAlertDesk(options, rules, (work) => keeper.update(work));
  const turns = new Turns(everyMs, () => engine.tick(), log);
  let newest: Evaluation | null = null;

  return {
    ...desk,
    take(evaluation) {
      newest = evaluation;
      return engine.take(evaluation);
    },
    tick: () => engine.tick(),
    async explain(about) {
      const explanation = await desk.explain(about);
      const rule = declared.find(({ name }) => name === explanation.rule);
      const expression = rule === undefined ? null : await explainRule?.(rule);
      return { ...explanation, expression: expression ?? null, ...lastOf(newest, explanation.rule) };
    },
    async stop() {
      await turns.stop();
      await dispatcher.stop();
    },
  };
}

interface RulesByKind {
  readonly declared: readonly AlertRule[];
  readonly alertRules: ReadonlyMap<string, AlertRule>;
  readonly beating: readonly AlertRule[];
}

function rulesByKind(groups: AlertingOptions["rules"]): RulesByKind {
  const declared = groups.flatMap((group) => group.rules);
  const alerts = declared.filter(({ beats }) => !beats);
  return {
    declared,
    alertRules: new Map(alerts.map((rule) => [rule.name, rule])),
    beating: declared.filter(({ beats }) => beats),
  };
}

function keeperFor(
  { store, clock, log, storeTimeoutMs = STORE_TIMEOUT_MS }: AlertingOptions,
  observe: Observe,
): Keeper {
  const onAway = (isAway: boolean): void => observe({ kind: "store", isAway });
  return new Keeper({ store, clock, log, storeTimeoutMs, askAgainMs: ASK_AGAIN_MS, onAway });
}

function dispatcherFor(
  { random, log, attemptMs = ATTEMPT_MS }: AlertingOptions,
  parts: Pick<DispatcherOptions, "keeper" | "receivers" | "sender">,
  observe: Observe,
): Dispatcher {
  const onDelivery: DispatcherOptions["onDelivery"] = ({ notification }, delivery, isDead) => {
    observe({ kind: "delivery", notification, outcome: delivery.kind, isDead });
    if (delivery.kind === "accepted") return;
    const { receiver, groupKey } = notification;
    const fields = { receiver, groupKey, reason: delivery.reason };
    if (isDead) log.error(fields, "a notification could not be delivered: it is a dead letter now");
    else log.warn(fields, "a notification was not taken, and is sent again later");
  };
  return new Dispatcher({ ...parts, random, log, attemptMs, onDelivery });
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
