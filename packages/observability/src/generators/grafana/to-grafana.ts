import {
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  ReduceDataOptionsBuilder,
} from "@grafana/grafana-foundation-sdk/common";
import {
  DashboardBuilder,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  RowBuilder,
  type Threshold,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { DataqueryBuilder } from "@grafana/grafana-foundation-sdk/prometheus";
import { PanelBuilder as StatBuilder } from "@grafana/grafana-foundation-sdk/stat";
import { PanelBuilder as TimeseriesBuilder } from "@grafana/grafana-foundation-sdk/timeseries";
import { toPromql } from "../../rules/promql.ts";
import { GENERATED } from "../yaml.ts";
import type { Dashboard, Panel, Query, Thresholds } from "./dashboard.ts";

export interface GrafanaOptions {
  /** Where runbooks are read; their names are appended. */
  readonly runbookBase: string;
}

const VARIABLE = "datasource";
/** Chosen by whoever looks, at the top of the dashboard. */
const DATASOURCE = { type: "prometheus", uid: `$${VARIABLE}` };
const PANELS_A_ROW = 3;
const GRID_WIDTH = 24;
const HEIGHT = { timeseries: 8, stat: 4 } as const;

/** A dashboard as Grafana imports and provisions it: JSON. The same dashboard gives the same bytes. */
export function toGrafana(dashboard: Dashboard, options: GrafanaOptions): string {
  const { uid, title, description, sections } = dashboard;
  const builder = new DashboardBuilder(title)
    .uid(uid)
    .description(`${description} ${GENERATED}`)
    .tags(["rempart", "generated"])
    .readonly()
    .timezone("browser")
    .refresh("30s")
    .time({ from: "now-6h", to: "now" })
    .withVariable(new DatasourceVariableBuilder(VARIABLE).label("Prometheus").type("prometheus"))
    .link(
      new DashboardLinkBuilder("Rempart").type(DashboardLinkType.Dashboards).tags(["rempart"]).keepTime(true),
    );
  let id = 0;
  for (const section of sections) {
    builder.withRow(new RowBuilder(section.title).id(++id));
    for (const panel of section.panels) builder.withPanel(panelOf(panel, options).id(++id));
  }
  return `${JSON.stringify(builder.build(), null, 2)}\n`;
}

function panelOf(panel: Panel, { runbookBase }: GrafanaOptions): TimeseriesBuilder | StatBuilder {
  const { title, description, view, unit, queries, thresholds, runbooks = [] } = panel;
  const builder = view === "stat" ? stat() : timeseries(thresholds !== undefined);
  builder
    .title(title)
    .description(description)
    .datasource(DATASOURCE)
    .unit(unit)
    .span(GRID_WIDTH / PANELS_A_ROW)
    .height(HEIGHT[view])
    .targets(queries.map(targetOf))
    .links(runbooks.map((name) => runbookLink(runbookBase, name)));
  if (thresholds !== undefined) {
    builder.thresholds(
      new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(stepsOf(thresholds)),
    );
  }
  return builder;
}

function stat(): StatBuilder {
  return new StatBuilder().reduceOptions(new ReduceDataOptionsBuilder().calcs(["lastNotNull"]));
}

function timeseries(withThresholds: boolean): TimeseriesBuilder {
  const builder = new TimeseriesBuilder().fillOpacity(10);
  if (!withThresholds) return builder;
  return builder.thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Line));
}

function targetOf({ expression, legend }: Query, index: number): DataqueryBuilder {
  return new DataqueryBuilder()
    .refId(String.fromCharCode(65 + index))
    .datasource(DATASOURCE)
    .expr(toPromql(expression))
    .legendFormat(legend);
}

function runbookLink(base: string, name: string): DashboardLinkBuilder {
  return new DashboardLinkBuilder(`Runbook: ${name}`)
    .type(DashboardLinkType.Link)
    .url(`${base}${name}.md`)
    .targetBlank(true);
}

const GOOD = "green";
/** Grafana colours from a value on, a rule fires beyond it: for all but nothing at all that is the same. */
const MORE_THAN_NOTHING = 1e-9;

/** Ascending from minus infinity, as Grafana wants them: a colour holds from its value on. */
function stepsOf({ worse, warning, critical }: Thresholds): Threshold[] {
  const bad = [
    ...(warning === undefined ? [] : [{ from: warning, color: "orange" }]),
    ...(critical === undefined ? [] : [{ from: critical, color: "red" }]),
  ];
  const ascending = worse === "above" ? bad : bad.toReversed();
  const colours = ascending.map(({ color }) => color);
  const values = ascending.map(({ from }) => (from === 0 ? MORE_THAN_NOTHING : from));
  return (worse === "above" ? [GOOD, ...colours] : [...colours, GOOD]).map((color, index) => ({
    value: values[index - 1] ?? null,
    color,
  }));
}
