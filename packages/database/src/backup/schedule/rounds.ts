import { type Component, repeat } from "@rempart/runtime";

/** Works in rounds until it is stopped. A round answers the milliseconds until the next one, and must not reject. */
export function inRounds(name: string, round: (signal: AbortSignal) => Promise<number>): Component {
  const stopping = new AbortController();
  const { signal } = stopping;
  let running: Promise<unknown> = Promise.resolve();
  return {
    name,
    async start() {
      running = repeat(signal, () => round(signal));
    },
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
