import type { Store } from "../../src/client/api.ts";

const PATIENCE_MS = 60_000;
const SHOWN_CHARACTERS = 1_500;

/** Resolves with the first value of a store that passes; rejects with what it was instead when patience ends. */
export function until<T>(store: Store<T>, passes: (value: T) => boolean, what = "a value"): Promise<T> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      const value = store.get();
      if (!passes(value)) return;
      finish();
      resolve(value);
    };
    const stop = store.subscribe(look);
    const timer = setTimeout(() => {
      finish();
      reject(
        new Error(`waited in vain for ${what}: ${JSON.stringify(store.get()).slice(0, SHOWN_CHARACTERS)}`),
      );
    }, PATIENCE_MS);
    const finish = (): void => {
      stop();
      clearTimeout(timer);
    };
    look();
  });
}
