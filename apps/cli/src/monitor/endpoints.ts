import { parseExposition, type ScrapedSample } from "@rempart/observability";
import { ask, under } from "../ask.ts";
import { type Finding, failed, type Judged, look, ok, some, warning } from "../finding.ts";

const START = "start it (`rempart up`), or name the right address";

export function publicHealth(origin: URL): Promise<Finding> {
  return look("public health", () => health(origin), `${START} with --public`);
}

export function adminHealth(origin: URL): Promise<Finding> {
  return look("administration health", () => health(origin), `${START} with --admin`);
}

async function health(origin: URL): Promise<Judged> {
  const { status, text } = await ask(under(origin, "health/ready"));
  const { status: word, checks } = JSON.parse(text) as {
    status: string;
    checks: Record<string, { status: string }>;
  };
  const down = Object.entries(checks).filter(([, check]) => check.status !== "up");
  const names = some(down.map(([name]) => name));
  if (status !== 200)
    return failed(`${word}: ${names} down`, "mend what is down first; its reason is in the log");
  return down.length === 0
    ? ok(`${origin.origin} is ${word}`)
    : warning(`${word}: ${names} down`, "it serves with less until that is mended");
}

/** What it counts is for operators. */
export function publicMetrics(origin: URL): Promise<Finding> {
  const work = async (): Promise<Judged> => {
    const { status } = await ask(under(origin, "metrics"));
    return status === 403
      ? ok("refused with 403")
      : failed(
          `answers ${status} instead of 403`,
          "something in front sends /metrics elsewhere: take that route out",
        );
  };
  return look("public metrics", work, `${START} with --public`);
}

export interface Scraped {
  readonly finding: Finding;
  readonly samples: readonly ScrapedSample[];
  /** Metrics that the page tells of, those of which there is no sample yet among them. */
  readonly declared: ReadonlySet<string>;
  /** By the clock of the process. */
  readonly date: number | null;
}

export async function scrapeMetrics(origin: URL): Promise<Scraped> {
  let samples: readonly ScrapedSample[] = [];
  let declared: ReadonlySet<string> = new Set();
  let date: number | null = null;
  const work = async (): Promise<Judged> => {
    const answer = await ask(under(origin, "metrics"));
    if (answer.status !== 200)
      return failed(
        `answers ${answer.status}`,
        "set PROMETHEUS_ENABLED, or name the right address with --admin",
      );
    samples = parseExposition(answer.text);
    declared = new Set([...answer.text.matchAll(TYPE)].map(([, name = ""]) => name));
    date = answer.date;
    return ok(`${samples.length} series`);
  };
  const finding = await look("scrape", work, `${START} with --admin`);
  return { finding, samples, declared, date };
}

const TYPE = /^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) /gm;

const SECOND_MS = 1_000;
/** The header has whole seconds, and the way takes some of them. */
const TOLERANCE_S = 2;
const CORRECT = "start the time service of the machine that is wrong; see the runbook clock-skew";

/** The clock of the process beside this machine's and the database's. */
export function clocks({ samples, date }: Scraped, now: number): Finding[] {
  const skew = samples.find(({ name }) => name === "clock_skew_seconds")?.value;
  return [
    ...(date === null ? [] : [{ what: "clock here", ...skewed((date - now) / SECOND_MS, TOLERANCE_S) }]),
    ...(skew === undefined ? [] : [{ what: "clock of the database", ...skewed(skew, 1) }]),
  ];
}

function skewed(seconds: number, tolerance: number): Judged {
  const text = `${Math.abs(seconds).toFixed(1)} s ${seconds < 0 ? "behind" : "ahead"}`;
  return Math.abs(seconds) <= tolerance ? ok(text) : failed(text, CORRECT);
}
