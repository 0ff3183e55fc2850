import type { Objective } from "../../objectives/objective.ts";
import { arithmetic } from "../../rules/builders.ts";
import { watchedBy } from "../watched.ts";
import { type Dashboard, type Panel, panel, type Section } from "./dashboard.ts";

/** A section for each objective: what is left of its budget, and how fast it is spent beside the lines at which alerts fire. */
export function objectivesDashboard(objectives: readonly Objective[]): Dashboard {
  return {
    uid: "rempart-objectives",
    title: "SLO",
    description: "What was promised, what is left of it, and how fast it is spent.",
    sections: objectives.map(objectiveSection),
  };
}

function objectiveSection(objective: Objective): Section {
  const { name, target, budgetLeft, alerts } = objective;
  const runbooks = [...new Set(alerts.map(({ runbook }) => runbook))];
  return {
    title: `${name}: ${percent(target)} %`,
    panels: [
      panel({
        title: `${name}: budget left`,
        description: "What is left of the error budget: all of it at 100 %, nothing at 0 %.",
        view: "stat",
        unit: "percentunit",
        queries: { left: budgetLeft },
        thresholds: { worse: "below", warning: 0.25, critical: 0 },
        runbooks,
      }),
      panel({
        title: `${name}: good events`,
        description: "Share of good events of the last hour, day and three days.",
        unit: "percentunit",
        queries: {
          hour: good(objective, "1h"),
          day: good(objective, "1d"),
          "three days": good(objective, "3d"),
        },
        thresholds: { worse: "below", warning: target },
        runbooks,
      }),
      ...alerts.flatMap((rule) => burnPanel(rule)),
    ],
  };
}

function good({ errorRatio }: Objective, window: "1h" | "1d" | "3d") {
  return arithmetic(arithmetic(errorRatio(window), "*", -1), "+", 1);
}

/** None for the alert of absence, which has no value. */
function burnPanel(rule: Objective["alerts"][number]): Panel[] {
  const watched = watchedBy(rule);
  if (watched === null) return [];
  const [short] = watched.also;
  const lately = short?.kind === "comparison" ? { "short window": short.left } : {};
  return [
    panel({
      title: rule.name,
      description: `${rule.summary} It fires while both windows are above the line.`,
      unit: "percentunit",
      queries: { "long window": watched.value, ...lately },
      thresholds: {
        worse: "above",
        [rule.severity === "critical" ? "critical" : "warning"]: watched.threshold,
      },
      runbooks: [rule.runbook],
    }),
  ];
}

function percent(share: number): string {
  return String(Number((share * 100).toPrecision(6)));
}
