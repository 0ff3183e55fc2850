/**
 * What watching costs: `node bench/observability/run.ts`. Counting stands beside bare prom-client and pino in the same process,
 * a page beside prom-client's own; rules are evaluated by the monitor as an application runs it, in its thread. `--day` adds the
 * memory of a whole day, and the shipped rules after one, which takes minutes.
 */
import { median, quantile, table, writeReport } from "../lib/report.ts";
import { measureCounting } from "./counting.ts";
import { measureDay } from "./memory.ts";
import { measureScrapes } from "./scraping.ts";
import { measureShipped } from "./shipped.ts";
import { atOnce, inParts, measureTicks } from "./ticks.ts";

const us = (value: number): string => `${value.toFixed(2)} µs`;
const ms = (value: number): string => `${value.toFixed(1)} ms`;

const counting = await measureCounting();
const scrapes = await measureScrapes();
const ticks = await measureTicks(atOnce);
const apart = await measureTicks(inParts);
const isWhole = process.argv.includes("--day");
const day = isWhole ? await measureDay() : null;
const shipped = isWhole ? await measureShipped() : null;

const request = counting.bound + counting.line;
const rows = [
  ["a request: counter, histogram, log line", "2.5 µs", us(request), us(counting.bare + counting.bareLine)],
  ["of it the counter and the histogram", "", us(counting.bound), us(counting.bare)],
  ["the same, labels looked up each time", "", us(counting.looked), us(counting.bare)],
  [
    "of it the line, masked and with its class; beside it pino alone",
    "",
    us(counting.line),
    us(counting.bareLine),
  ],
  ["a page of 5,000 series", "25 ms", ms(scrapes.page.took), ms(scrapes.bare.took)],
  ["longest wait of others for it", "10 ms", ms(scrapes.page.stall), ms(scrapes.bare.stall)],
  ["reading the registry without text", "", ms(scrapes.read.took), ""],
  ["longest wait of others for that", "10 ms", ms(scrapes.read.stall), ""],
  [`${ticks.rules} rules over ${ticks.series} series, middle`, "150 ms", ms(median(ticks.evaluations)), ""],
  ["the same, 99th percentile", "", ms(quantile(ticks.evaluations, 0.99)), ""],
  ["longest wait of the application's loop meanwhile", "10 ms", ms(ticks.stallMs), ""],
  ["CPU of the application's thread for a tick, the load's in it", "", ms(ticks.cpuMs), ""],
  [
    "200 rules every half second, beside a load in small parts, middle",
    "150 ms",
    ms(median(apart.evaluations)),
    "",
  ],
  ["longest wait of the application's loop in half a minute of it", "10 ms", ms(apart.stallMs), ""],
  ...(day === null
    ? []
    : [[`a day of ${day.series} series`, "100 MiB", `${day.mebibytes.toFixed(0)} MiB`, ""]]),
  ...(shipped === null
    ? []
    : [
        [
          `the ${shipped.rules} shipped rules after a day of ${shipped.series} series, middle`,
          "150 ms",
          ms(median(shipped.evaluations)),
          "",
        ],
        ["the same, 99th percentile", "", ms(quantile(shipped.evaluations, 0.99)), ""],
        [
          "their windows of 6 h and more from samples instead, each time",
          "",
          ms(median(shipped.fromSamples)),
          "",
        ],
      ]),
];

writeReport("observability", "Watching", [
  table(["", "aim", "ours", "bare prom-client and pino"], rows),
  [
    "The wait is that of the event loop at a resolution of a millisecond, the collector's pauses included; in the rows of rules the",
    "load itself (2,000 children moved between two ticks) is in it too: at once, where one tick follows the other. The rules: of fifty parts with a hundred series each, a share",
    "of errors by route, a burn of a budget over an hour and five minutes, a quantile by route, and a band over an hour.",
  ].join("\n"),
]);
