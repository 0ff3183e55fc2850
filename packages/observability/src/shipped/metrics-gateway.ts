/** What the gateway counts beside what the shipped rules read. */
import { counter, gauge } from "../metrics/declare.ts";

const upstream = { limit: 50 };
const target = { limit: 200 };

export const upstreamEvents = counter({
  name: "gateway_upstream_events_total",
  help: "Targets taken out, ejected and brought back, circuits opened and closed.",
  unit: "count",
  labels: { upstream, kind: { limit: 20 } },
});

export const upstreamAnswers = counter({
  name: "gateway_upstream_answers_total",
  help: "Attempts at an upstream, by the class of the status that it answered; `none` where it did not answer.",
  unit: "count",
  labels: { upstream, answer: { values: ["1xx", "2xx", "3xx", "4xx", "5xx", "none"] } },
});

export const targetUp = gauge({
  name: "gateway_target_up",
  help: "1 for a target that gets requests, 0 for one its checks found down or that was ejected.",
  unit: "count",
  labels: { upstream, target },
});

export const targetRequests = gauge({
  name: "gateway_target_requests_active",
  help: "Requests and tunnels under way.",
  unit: "count",
  labels: { upstream, target },
});

export const targetConnections = gauge({
  name: "gateway_target_connections",
  help: "Open connections, idle ones too.",
  unit: "count",
  labels: { upstream, target },
});

export const circuitOpen = gauge({
  name: "gateway_circuit_open",
  help: "1 while an upstream's circuit refuses requests.",
  unit: "count",
  labels: { upstream },
});

export const tunnels = gauge({
  name: "gateway_tunnels_active",
  help: "Open WebSockets.",
  unit: "count",
});
