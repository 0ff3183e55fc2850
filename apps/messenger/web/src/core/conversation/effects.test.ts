import assert from "node:assert/strict";
import { test } from "node:test";
import { type Clock, systemRandom } from "@rempart/kernel";
import type { Input } from "@rempart/messaging/client";
import { createEffects, type EffectsContext } from "./effects.ts";

const DAY_MS = 86_400_000;

test("a wait that is over is over, also when the clock was set back meanwhile", () => {
  let now = 10 * DAY_MS;
  const clock: Clock = { now: () => now, monotonic: () => now };
  let fire = (): void => assert.fail("nothing is waited for");
  const waits: number[] = [];
  const timers = {
    after(milliseconds: number, work: () => void) {
      waits.push(milliseconds);
      fire = work;
      return () => undefined;
    },
  };
  const inputs: Input[] = [];
  const context = {
    deps: { ports: { clock, timers, random: systemRandom, report: () => undefined }, failed: assert.fail },
    submit: async (...submissions: { input: Input }[]) =>
      void inputs.push(...submissions.map(({ input }) => input)),
  } as unknown as EffectsContext;
  const at = now + 2_000;
  createEffects(context).run({ type: "wake", at });
  assert.deepEqual(waits, [2_000]);
  now -= DAY_MS;
  fire();
  assert.deepEqual(inputs, [{ type: "time", now: at }]);
});
