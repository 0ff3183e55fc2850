import { createExperiments, type ExperimentsOptions } from "../experiments/experiments.ts";
import type { Policy } from "./policy.ts";

/** Gives the browser its variants. Always lets the request pass. */
export function experiments(options: ExperimentsOptions): Policy {
  const assign = createExperiments(options);
  return (exchange) => {
    const { matched, facts } = exchange;
    if (!matched.experiments || facts.upgrade) return null;
    const { variants, headers } = assign(facts.header("cookie"));
    exchange.variants = variants;
    exchange.addHeaders(headers);
    return null;
  };
}
