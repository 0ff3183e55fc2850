import type { IdempotencyStore } from "./store.ts";

/**
 * A store whose every answer comes within `budgetMs` milliseconds, or is a failure. A key that was taken too late to be
 * told stays held until its time is over. A store that answers at once costs nothing.
 */
export function withinBudget(store: IdempotencyStore, budgetMs: number): IdempotencyStore {
  return {
    begin: (...call) => bounded(store.begin(...call), budgetMs),
    finish: (...call) => bounded(store.finish(...call), budgetMs),
    abandon: (...call) => bounded(store.abandon(...call), budgetMs),
  };
}

function bounded<Answer>(answer: Answer | Promise<Answer>, budgetMs: number): Answer | Promise<Answer> {
  if (!(answer instanceof Promise)) return answer;
  return new Promise((resolve, reject) => {
    const late = new Error(`the store of idempotency keys did not answer within ${budgetMs} ms`);
    const timer = setTimeout(() => reject(late), budgetMs);
    answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
