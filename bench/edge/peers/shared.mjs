/** What the peers have in common. */
import { pino } from "pino";
import { Counter, Histogram, Registry } from "prom-client";
import { z } from "zod";

export const item = {
  id: 7,
  name: "A thing of small size",
  price: 1999,
  currency: "EUR",
  stock: 7,
  tags: ["one", "two", "three"],
  active: true,
};

/** Lines at once, as pino does by default, or in batches: 8 kB is half the longest write its writer makes. */
export const destination = pino.destination(
  process.env.LOG === "batched" ? { sync: false, minLength: 8192 } : { sync: true },
);

export const ORIGIN = "https://app.example.com";
export const PERMISSIONS = "camera=(), microphone=(), geolocation=()";
export const params = z.object({ id: z.coerce.number().int().min(1).max(1_000_000) });

const registers = [new Registry()];
const labelNames = ["method", "route", "status"];
const requests = new Counter({ name: "http_requests_total", help: "Requests", labelNames, registers });
const seconds = new Histogram({
  name: "http_request_duration_seconds",
  help: "Seconds",
  labelNames,
  registers,
});

export function count(method, route, status, milliseconds) {
  const labels = { method, route, status: String(status) };
  requests.inc(labels);
  seconds.observe(labels, milliseconds / 1000);
}

export function announce(server) {
  process.send?.({ port: server.address().port });
  process.on("message", () => process.send?.({ cpu: process.cpuUsage() }));
}
