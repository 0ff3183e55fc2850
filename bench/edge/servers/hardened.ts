/** The edge as every adapter runs it here: the same duties as the peers. `DUTIES` chooses others, to see what each costs. */
import { writeSync } from "node:fs";
import {
  createAccessLog,
  createEdge,
  createMetricsObserver,
  type Edge,
  type EdgeConfig,
  NONCE,
  type Observer,
} from "@rempart/edge";
import { Counter, Histogram, Registry } from "prom-client";

const ALL = ["headers", "nonce", "cors", "limit", "metrics", "log"];
const duties = new Set((process.env.DUTIES ?? ALL.join(",")).split(","));

function observers(): Observer[] {
  const active: Observer[] = [];
  if (duties.has("metrics")) active.push(metrics());
  if (duties.has("log")) active.push(createAccessLog({ write: (lines) => writeSync(1, lines) }));
  return active;
}

function metrics(): Observer {
  const registers = [new Registry()];
  const labelNames = ["method", "route", "status"] as const;
  return createMetricsObserver({
    requests: new Counter({ name: "http_requests_total", help: "Requests", labelNames, registers }),
    seconds: new Histogram({ name: "http_request_duration_seconds", help: "Seconds", labelNames, registers }),
  });
}

const NO_HEADERS = {
  csp: false,
  hsts: false,
  frameOptions: false,
  referrerPolicy: false,
  permissions: false,
  openerPolicy: false,
  embedderPolicy: false,
  resourcePolicy: false,
} as const;

function headers(): NonNullable<EdgeConfig["headers"]> {
  if (!duties.has("headers")) return NO_HEADERS;
  const scripts = duties.has("nonce") ? [NONCE, "'strict-dynamic'"] : ["'self'"];
  return {
    csp: {
      "default-src": ["'none'"],
      "script-src": scripts,
      "connect-src": ["'self'"],
      "base-uri": ["'none'"],
      "frame-ancestors": ["'none'"],
    },
  };
}

export function benchEdge(): Edge {
  return createEdge({
    preset: "strict",
    headers: headers(),
    cors: { origins: duties.has("cors") ? ["https://app.example.com"] : ["*"] },
    rateLimit: duties.has("limit")
      ? { policies: [{ name: "default", limit: 1_000_000_000, windowSeconds: 60 }] }
      : false,
    detector: duties.has("detector") && { observe: () => {} },
    observers: observers(),
  });
}
