import type { AlertRule } from "../../objectives/rule.ts";
import type { Vector } from "../../rules/expression.ts";
import { watchedBy } from "../watched.ts";

/** Units as Grafana calls them. */
export type PanelUnit =
  | "short"
  | "percentunit"
  | "s"
  | "dtdurations"
  | "bytes"
  | "reqps"
  | "ops"
  | "cps"
  | "m";

export interface Query {
  readonly expression: Vector;
  /** What its lines are called; `{{label}}` is a label's value. */
  readonly legend: string;
}

/** The values beyond which a panel is coloured: those at which alerts fire. */
export interface Thresholds {
  readonly worse: "above" | "below";
  readonly warning?: number;
  readonly critical?: number;
}

export interface Panel {
  readonly title: string;
  readonly description: string;
  readonly view: "timeseries" | "stat";
  readonly unit: PanelUnit;
  readonly queries: readonly Query[];
  readonly thresholds?: Thresholds;
  /** Names of pages of `docs/runbooks`. */
  readonly runbooks?: readonly string[];
}

export interface Section {
  readonly title: string;
  readonly panels: readonly Panel[];
}

export interface Dashboard {
  /** Its address in Grafana: at most 40 letters, digits, `-` and `_`. */
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly sections: readonly Section[];
}

export type PanelOptions = Omit<Panel, "view" | "queries"> & {
  readonly view?: Panel["view"];
  readonly queries: Readonly<Record<string, Vector>>;
};

/** A panel of queries by their legends; over time unless it says otherwise. */
export function panel({ view = "timeseries", queries, ...rest }: PanelOptions): Panel {
  const entries = Object.entries(queries).map(([legend, expression]) => ({ legend, expression }));
  return { ...rest, view, queries: entries };
}

export interface AlertPanelOptions {
  readonly title: string;
  readonly unit: PanelUnit;
  readonly legend: string;
  readonly view?: Panel["view"];
}

/** What a rule watches, with the line at which it fires. Throws TypeError for a rule that compares with no number. */
export function alertPanel(
  rule: AlertRule,
  { legend, view = "timeseries", ...rest }: AlertPanelOptions,
): Panel {
  const watched = watchedBy(rule);
  if (watched === null) throw new TypeError(`${rule.name} has no threshold to show`);
  const { value, op, threshold } = watched;
  const severity = rule.severity === "critical" ? "critical" : "warning";
  return {
    ...rest,
    view,
    description: `${rule.summary} Alert: ${rule.name}.`,
    queries: [{ expression: value, legend }],
    thresholds: {
      worse: op.startsWith(">") || (op === "==" && threshold > 0) ? "above" : "below",
      [severity]: threshold,
    },
    runbooks: [rule.runbook],
  };
}

/** All queries of a dashboard, in order. */
export function queriesOf({ sections }: Dashboard): Query[] {
  return sections.flatMap(({ panels }) => panels.flatMap(({ queries }) => queries));
}
