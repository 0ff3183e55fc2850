import { type Duration, type Monitor, type Objective, SHIPPED_OBJECTIVES } from "@rempart/observability";
import { singleValue } from "./live-metrics.ts";

/** How a promise is being kept. */
export interface ObjectiveState {
  readonly name: string;
  readonly target: number;
  readonly window: Duration;
  /** 1 is all of the error budget, 0 is none, negative is overspent. Null while nothing was counted. */
  readonly budgetLeft: number | null;
  /** How many times faster than it lasts the budget was spent, within each time. */
  readonly burn: Readonly<Record<string, number | null>>;
}

const BURN_WINDOWS = ["1h", "6h", "1d", "3d"] as const satisfies readonly Duration[];

export function objectiveStates(monitor: Pick<Monitor, "query">): Promise<ObjectiveState[]> {
  return Promise.all(SHIPPED_OBJECTIVES.map((objective) => stateOf(monitor, objective)));
}

async function stateOf(monitor: Pick<Monitor, "query">, objective: Objective): Promise<ObjectiveState> {
  const { name, target, window, budgetLeft, errorRatio } = objective;
  const burns = BURN_WINDOWS.map(async (over) => {
    const ratio = await singleValue(monitor, errorRatio(over));
    return [over, ratio === null ? null : ratio / (1 - target)] as const;
  });
  return {
    name,
    target,
    window,
    budgetLeft: await singleValue(monitor, budgetLeft),
    burn: Object.fromEntries(await Promise.all(burns)),
  };
}
