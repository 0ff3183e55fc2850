import { toPromql } from "../../rules/promql.ts";
import { code, markdownTable } from "../markdown.ts";
import { GENERATED } from "../yaml.ts";
import type { Dashboard, Panel, Thresholds } from "./dashboard.ts";

/** What is on the dashboards, for whoever has no Grafana: each panel with its queries and lines. */
export function toDashboardsPage(dashboards: readonly Dashboard[]): string {
  return [`<!-- ${GENERATED} -->`, "# Dashboards", "", ...dashboards.flatMap(dashboardLines)].join("\n");
}

function dashboardLines({ title, description, sections }: Dashboard): string[] {
  const rows = sections.flatMap((section) => section.panels.map((panel) => panelRow(section.title, panel)));
  const head = ["section", "panel", "unit", "lines", "queries", "meaning"];
  return [`## ${title}`, "", description, "", markdownTable(head, rows), ""];
}

function panelRow(section: string, { title, unit, thresholds, queries, description }: Panel): string[] {
  const texts = queries.map(({ legend, expression }) => `${legend}: ${code(toPromql(expression))}`);
  return [section, title, unit, linesText(thresholds), texts.join("; "), description];
}

function linesText(thresholds: Thresholds | undefined): string {
  if (thresholds === undefined) return "–";
  const { worse, warning, critical } = thresholds;
  return [
    ...(warning === undefined ? [] : [`warning ${worse} ${warning}`]),
    ...(critical === undefined ? [] : [`critical ${worse} ${critical}`]),
  ].join(", ");
}
