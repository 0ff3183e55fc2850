import type { Clock } from "@rempart/kernel";
import type { Exchange } from "../exchange.ts";
import type { Policy } from "../policies/policy.ts";
import { EDGE_PROBLEMS, type Problem } from "../problem.ts";
import { reject } from "../verdict.ts";
import { Behaviour, type BehaviourLimits } from "./behaviour.ts";
import {
  Assessment,
  type Evidence,
  inspectAgent,
  inspectBody,
  inspectTarget,
  inspectValue,
} from "./inspect.ts";

export interface DetectorConfig {
  /** `report` (default) only tells `observe`; `block` also refuses, with 403 or 429. Start with the first and read it. */
  readonly mode?: "report" | "block";
  /** Score from which a request is blocked; default 5, one certain attack. */
  readonly threshold?: number;
  /** Told of every request with a finding. What it throws is dropped. */
  readonly observe?: (event: DetectorEvent) => void;
  /** Further headers to look at, in lower case. `user-agent` and `referer` always are. */
  readonly headers?: readonly string[];
  readonly behaviour?: Partial<BehaviourLimits>;
}

export interface DetectorEvent {
  readonly requestId: string;
  readonly address: string;
  readonly score: number;
  readonly findings: readonly Evidence[];
  readonly blocked: boolean;
}

export interface Detector {
  readonly policy: Policy;
  /** The problem to answer a parsed body with, or null for one that may pass. */
  body(exchange: Exchange, body: unknown): Problem | null;
  settled(exchange: Exchange): void;
}

const DEFAULT_THRESHOLD = 5;
const DEFAULT_BEHAVIOUR: BehaviourLimits = {
  refusals: 20,
  misses: 60,
  windowSeconds: 300,
  maxClients: 20_000,
};

export function compileDetector(config: DetectorConfig, clock: Clock): Detector {
  const behaviour = new Behaviour({ ...DEFAULT_BEHAVIOUR, ...config.behaviour });
  const headers = ["referer", ...(config.headers ?? [])];
  const conclude = (exchange: Exchange, assessment: Assessment): Problem | null => {
    const { score, findings } = assessment;
    if (findings.length === 0) return null;
    const blocked = config.mode === "block" && score >= (config.threshold ?? DEFAULT_THRESHOLD);
    const { requestId, address } = exchange;
    tell(config.observe, { requestId, address, score, findings, blocked });
    return blocked ? problemFor(findings) : null;
  };
  return {
    policy(exchange) {
      const { facts, client } = exchange;
      const assessment = new Assessment();
      inspectTarget(assessment, facts.target);
      const agent = facts.header("user-agent");
      if (agent !== undefined) inspectAgent(assessment, agent);
      for (const name of headers) inspectValue(assessment, facts.header(name) ?? "", "header");
      assessment.add(behaviour.find(client.key, clock.monotonic()), "path", exchange.path);
      const problem = conclude(exchange, assessment);
      return problem === null ? null : reject(problem);
    },
    body(exchange, body) {
      const assessment = new Assessment();
      inspectBody(assessment, body);
      return conclude(exchange, assessment);
    },
    settled({ client, status, decided }) {
      // What the edge refused by itself is counted already, where it was refused.
      if (decided.kind === "pass") behaviour.answered(client.key, status, clock.monotonic());
    },
  };
}

/** A pattern over time is answered as such; it ends by itself. */
function problemFor(findings: readonly Evidence[]): Problem {
  const isPattern = findings.every(
    ({ family }) => family === "credential-stuffing" || family === "forced-browsing",
  );
  return isPattern ? EDGE_PROBLEMS.abnormalUsage : EDGE_PROBLEMS.suspicious;
}

function tell(observe: DetectorConfig["observe"], event: DetectorEvent): void {
  try {
    observe?.(event);
  } catch {
    // An observer's trouble is its own.
  }
}
