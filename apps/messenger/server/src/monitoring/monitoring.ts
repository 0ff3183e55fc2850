import type { Database } from "@rempart/database";
import { type Clock, explain, type Random } from "@rempart/kernel";
import {
  type Alerting,
  type AlertingOptions,
  type AlertRule,
  type AlertStore,
  alertIncidents,
  createAlerting,
  deliveryStore,
  type Evaluation,
  type Explanation,
  type Monitor,
  postgresAlertStore,
  type RuleGroup,
  SHIPPED_TOPOLOGY,
  startMonitor,
  type Target,
} from "@rempart/observability";
import type { Logger } from "@rempart/runtime";
import type { Registry } from "prom-client";
import type { MessengerConfig } from "../config.ts";
import { countAlerting, readMonitor } from "../telemetry/monitor-metrics.ts";
import { LiveEvents } from "./live-events.ts";
import { liveMetrics } from "./live-metrics.ts";
import { type ObjectiveState, objectiveStates } from "./objectives.ts";
import { alertReceivers } from "./receivers.ts";
import { routesOf } from "./routes.ts";
import { type LeftOut, rulesAbout, rulesFor } from "./rules.ts";
import { shownAlerts } from "./shown-alerts.ts";

/** For whoever tells this part what time it is, and when to look. */
export interface MonitoringRim {
  readonly clock: Clock;
  readonly store: (database: Database) => AlertStore;
  /** Given the next look, which resolves when what follows from it is done. */
  readonly drive: (look: () => Promise<void>) => void;
}

export interface MonitoringPorts {
  /** With everything in it that this process counts. */
  readonly registry: Registry;
  readonly database: Database;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Where the history is kept for the next process; nowhere unless given. */
  readonly directory?: string;
  readonly rim?: MonitoringRim;
}

/** What watches this process and others, who tells people, and what an administrator sees of it. */
export interface Monitoring {
  readonly alerting: Alerting;
  readonly live: LiveEvents;
  objectives(): Promise<ObjectiveState[]>;
  latest(): Evaluation | null;
  /** `instance` is what this process is called in its series. */
  start(instance: string): void;
  /** Ends what follows, evaluates nothing more, and waits for what is being sent. */
  stop(): Promise<void>;
}

const JOB = "messenger";
/** What `rempart deploy` measures unless told otherwise. */
const ENVIRONMENT = "production";

export function createMonitoring(config: MessengerConfig, ports: MonitoringPorts): Monitoring {
  const { registry, random, log, rim, directory = null } = ports;
  const clock = rim?.clock ?? ports.clock;
  const { targets, receivers, everyMs } = config.monitoring;
  let monitor: Monitor | null = null;
  const latest = (): Evaluation | null => monitor?.latest() ?? null;
  readMonitor(registry, latest);
  const observe = countAlerting(
    registry,
    receivers.map(({ name }) => name),
  );
  const groups = chosenRules(registry, targets, log);
  const explainRule = (rule: AlertRule): Promise<Explanation> => started(monitor).explain(rule);
  const alerting = openAlerting(config, groups, { ...ports, clock, observe, explainRule });
  const live = new LiveEvents(random);
  let acting = Promise.resolve();
  const recordIncidents = alertIncidents(deliveryStore(ports.database), ENVIRONMENT);
  const act = followUp({ alerting, recordIncidents, live, log, monitor: () => started(monitor) });
  const onEvaluation = (evaluation: Evaluation): Promise<void> => {
    acting = act(evaluation);
    return acting;
  };
  return {
    alerting,
    live,
    objectives: () => objectiveStates(started(monitor)),
    latest,
    start(instance) {
      const own = { registry, job: JOB, instance };
      const pace = rim === undefined ? everyMs : null;
      const watched = { own, targets, groups, directory, everyMs: pace };
      const watching = startMonitor({ ...watched, clock, log, onEvaluation });
      monitor = watching;
      rim?.drive(async () => {
        await watching.tick();
        await acting;
      });
    },
    async stop() {
      live.close();
      await monitor?.[Symbol.asyncDispose]();
      // What came of the last evaluation is told or logged already.
      await acting.catch(() => undefined);
      await alerting.stop();
    },
  };
}

interface Following {
  readonly alerting: Alerting;
  readonly recordIncidents: ReturnType<typeof alertIncidents>;
  readonly live: LiveEvents;
  readonly log: Logger;
  readonly monitor: () => Monitor;
}

/** What comes of an evaluation: people are told, incidents are recorded, and whoever follows sees it. */
function followUp({ alerting, recordIncidents, live, log, monitor }: Following) {
  return async (evaluation: Evaluation): Promise<void> => {
    await alerting.take(evaluation);
    const { alerts } = await alerting.list();
    await recordIncidents(alerts).catch((error) =>
      log.warn({ error: explain(error) }, "critical alerts were not recorded as incidents"),
    );
    live.publish("metrics", { at: evaluation.at, ...(await liveMetrics(monitor())) });
    live.publish("alerts", { at: evaluation.at, ...shownAlerts(alerts) });
  };
}

function openAlerting(
  config: MessengerConfig,
  rules: readonly RuleGroup[],
  { database, rim, ...ports }: MonitoringPorts & Pick<AlertingOptions, "observe" | "explainRule">,
): Alerting {
  return createAlerting({
    ...ports,
    store: (rim?.store ?? postgresAlertStore)(database),
    rules,
    routes: routesOf(config.monitoring),
    topology: SHIPPED_TOPOLOGY,
    receivers: alertReceivers(config, ports),
    attemptMs: config.monitoring.attemptMs,
    ...(rim === undefined ? {} : { everyMs: null }),
  });
}

/** Pages of others may tell of anything, but that something is absent is news of what this process counts alone. */
function chosenRules(registry: Registry, targets: readonly Target[], log: Logger): readonly RuleGroup[] {
  const names = new Set(registry.getMetricsAsArray().map(({ name }) => name));
  const { groups, leftOut } = rulesFor(rulesAbout(targets), (metric, forItsAbsence) => {
    return names.has(metric) || (targets.length > 0 && !forItsAbsence);
  });
  tellLeftOut(leftOut, log);
  return groups;
}

function tellLeftOut(leftOut: readonly LeftOut[], log: Logger): void {
  if (leftOut.length === 0) return;
  const missing = [...new Set(leftOut.flatMap((rule) => rule.missing))].sort();
  log.info({ rules: leftOut.length, missing }, "rules about what is not counted here are left out");
  log.debug({ rules: leftOut }, "the rules that are left out");
}

function started(monitor: Monitor | null): Monitor {
  if (monitor === null) throw new TypeError("the monitor is asked before it started");
  return monitor;
}
