import { counterOf, gaugeOf, quantile, rate, sumBy } from "../../rules/builders.ts";
import {
  circuitOpen,
  httpDuration,
  httpRequests,
  targetRequests,
  targetUp,
  upstreamEvents,
} from "../../shipped/metrics.ts";
import { type Dashboard, panel } from "./dashboard.ts";
import {
  errorShare,
  failuresByRoute,
  LATELY,
  refusedShare,
  requestsByStatus,
  responseTimes,
} from "./shared.ts";

export const API: Dashboard = {
  uid: "rempart-api",
  title: "API Performance",
  description: "How many requests, how fast, how many fail, and where.",
  sections: [
    { title: "All routes", panels: [requestsByStatus, responseTimes, errorShare] },
    {
      title: "By route",
      panels: [
        panel({
          title: "Requests by route",
          description: "Requests answered a second, by route.",
          unit: "reqps",
          queries: { "{{route}}": sumBy(["route"], rate(counterOf(httpRequests), LATELY)) },
        }),
        panel({
          title: "95 % by route",
          description: "How long 95 % of the requests of a route take at most.",
          unit: "s",
          queries: { "{{route}}": quantile(0.95, httpDuration, { window: LATELY, by: ["route"] }) },
          runbooks: ["high-api-latency"],
        }),
        failuresByRoute,
        refusedShare,
      ],
    },
    {
      title: "Gateway",
      panels: [
        panel({
          title: "Targets that serve",
          description: "Targets of each upstream that get requests.",
          unit: "short",
          queries: { "{{upstream}}": sumBy(["upstream"], gaugeOf(targetUp)) },
        }),
        panel({
          title: "Under way",
          description: "Requests and tunnels under way, by target.",
          unit: "short",
          queries: { "{{upstream}} {{target}}": gaugeOf(targetRequests) },
        }),
        panel({
          title: "Circuits and ejections",
          description: "What happened to targets and circuits, and which circuits refuse requests now.",
          unit: "short",
          queries: {
            "{{upstream}} {{kind}}": sumBy(["upstream", "kind"], rate(counterOf(upstreamEvents), LATELY)),
            "{{upstream}} open": gaugeOf(circuitOpen),
          },
          runbooks: ["application-down"],
        }),
      ],
    },
  ],
};
