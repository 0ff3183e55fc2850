import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Clock } from "@rempart/kernel";
import { type Scenario, samplesOf } from "@rempart/observability";

export interface ScenarioTarget extends AsyncDisposable {
  readonly url: string;
}

/** A process whose page of metrics shows what happens in a scenario, from now on. */
export async function scenarioTarget(scenario: Scenario, clock: Clock): Promise<ScenarioTarget> {
  const begin = clock.now();
  const server = createServer((_request, response) => {
    response.writeHead(200, { "content-type": "text/plain; version=0.0.4" });
    response.end(pageAt(scenario, begin, clock.now() - begin));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** A series that has not begun is not there; one that is over stays as it was. */
function pageAt(scenario: Scenario, begin: number, passed: number): string {
  const lines = scenario.series.flatMap((one) => {
    const sample = samplesOf(scenario, one).findLast(({ at }) => at <= passed);
    if (sample === undefined) return [];
    const labels = Object.entries(one.labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
    return [`${one.metric}{${labels.join(",")}} ${dated(one.metric, sample.value, begin)}\n`];
  });
  return lines.join("");
}

/** Scenarios begin at time 0: what is a time in them is one after their beginning. */
function dated(metric: string, value: number, begin: number): number {
  return metric.endsWith("_timestamp_seconds") ? value + begin / 1000 : value;
}
