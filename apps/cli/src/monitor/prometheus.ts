import { SHIPPED_GROUPS, toPromql } from "@rempart/observability";
import { queriesOf, SHIPPED_DASHBOARDS } from "@rempart/observability/generators";
import { z } from "zod";
import { askJson } from "../ask.ts";
import { type Finding, failed, type Judged, look, ok, some, warning } from "../finding.ts";

const targetsAnswer = z.object({
  data: z.object({
    activeTargets: z.array(z.object({ scrapeUrl: z.string(), health: z.string(), lastError: z.string() })),
  }),
});
const rulesAnswer = z.object({
  data: z.object({
    groups: z.array(
      z.object({ rules: z.array(z.object({ name: z.string(), type: z.string(), health: z.string() })) }),
    ),
  }),
});
const alertmanagersAnswer = z.object({
  data: z.object({ activeAlertmanagers: z.array(z.object({ url: z.string() })) }),
});
const queryAnswer = z.object({
  status: z.string(),
  error: z.string().optional(),
  data: z.object({ result: z.array(z.unknown()) }).optional(),
});
const namesAnswer = z.object({ data: z.array(z.string()) });

const START = "start Prometheus, or name its address with --prometheus";
const GENERATE = "`rempart monitor generate prometheus`, then let Prometheus read it";

/** Every metric that it has. */
export async function metricNames(base: URL): Promise<readonly string[]> {
  return namesAnswer.parse(await askJson(base, "api/v1/label/__name__/values")).data;
}

/** Asks a running Prometheus for everything that alerts and dashboards depend on. */
export function prometheus(base: URL): Promise<Finding[]> {
  return Promise.all([
    look("prometheus targets", () => targets(base), START),
    look("prometheus rules", () => rules(base), START),
    look("prometheus alertmanagers", () => alertmanagers(base), START),
    look("dashboards", () => dashboards(base), START),
  ]);
}

async function targets(base: URL): Promise<Judged> {
  const { activeTargets } = targetsAnswer.parse(await askJson(base, "api/v1/targets?state=active")).data;
  const down = activeTargets.filter(({ health }) => health === "down");
  if (activeTargets.length === 0) return failed("it scrapes nothing", GENERATE);
  if (down.length === 0) return ok(`${activeTargets.length} scraped`);
  const names = some(down.map(({ scrapeUrl, lastError }) => `${scrapeUrl} (${lastError})`));
  return failed(
    `${down.length} of ${activeTargets.length} down: ${names}`,
    "start them, or take them out of the scrape",
  );
}

async function rules(base: URL): Promise<Judged> {
  const { groups } = rulesAnswer.parse(await askJson(base, "api/v1/rules")).data;
  const loaded = groups.flatMap((group) => group.rules);
  const sick = loaded.filter(({ health }) => health === "err").map(({ name }) => name);
  if (sick.length > 0)
    return failed(
      `cannot be evaluated: ${some(sick)}`,
      "its log has the reason; mostly one metric of two targets",
    );
  const names = new Set(loaded.map(({ name }) => name));
  const missing = SHIPPED_GROUPS.flatMap((group) => group.rules)
    .map(({ name }) => name)
    .filter((name) => !names.has(name));
  if (missing.length === 0) return ok(`${loaded.length} loaded`);
  return failed(`${missing.length} are not loaded: ${some(missing)}`, GENERATE);
}

async function alertmanagers(base: URL): Promise<Judged> {
  const { activeAlertmanagers } = alertmanagersAnswer.parse(await askJson(base, "api/v1/alertmanagers")).data;
  return activeAlertmanagers.length === 0
    ? failed("it knows none: nobody is told", `${GENERATE} with --alertmanager`)
    : ok(some(activeAlertmanagers.map(({ url }) => url)));
}

/** Each query is asked once: one that is refused is a defect, one without series shows an empty panel. */
async function dashboards(base: URL): Promise<Judged> {
  const texts = [
    ...new Set(SHIPPED_DASHBOARDS.flatMap(queriesOf).map(({ expression }) => toPromql(expression))),
  ];
  const answers = await inTurn(texts, async (text) => ({ text, answer: await query(base, text) }));
  const refused = answers.filter(({ answer }) => answer.status !== "success");
  if (refused.length > 0) {
    const reasons = refused.map(({ text, answer }) => `${text}: ${answer.error}`);
    return failed(`${refused.length} queries are refused: ${some(reasons)}`, "generate the dashboards anew");
  }
  const empty = answers.filter(({ answer }) => answer.data?.result.length === 0).map(({ text }) => text);
  if (empty.length === 0) return ok(`${texts.length} queries answered`);
  return warning(
    `${empty.length} of ${texts.length} queries find nothing: ${some(empty)}`,
    "scrape what counts these, or wait until it has happened once",
  );
}

async function query(base: URL, text: string): Promise<z.infer<typeof queryAnswer>> {
  return queryAnswer.parse(await askJson(base, `api/v1/query?query=${encodeURIComponent(text)}`));
}

async function inTurn<In, Out>(items: readonly In[], work: (item: In) => Promise<Out>): Promise<Out[]> {
  const results: Out[] = [];
  for (const item of items) results.push(await work(item));
  return results;
}
