import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { Dictated, Dictating, type Dictation } from "./dictation.ts";
import { readRegistry, registrySlices } from "./registry.ts";
import type { SeriesName } from "./series.ts";

async function told(registry: Registry, dictating: Dictating): Promise<Dictation> {
  for await (const slice of registrySlices(registry)) dictating.add(slice);
  return structuredClone(dictating.take());
}

const acts = fc.array(
  fc.tuple(
    fc.constantFrom("inc", "observe", "set", "remove", "reset"),
    fc.constantFrom("a", "b", "c"),
    fc.nat(9),
  ),
  { maxLength: 8 },
);

test("what is heard is what the registry says, reading after reading, and what is known is not told again", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(acts, { minLength: 1, maxLength: 8 }), async (readings) => {
      const registry = new Registry();
      const options = { help: "x", labelNames: ["x"], registers: [registry] };
      const hits = new Counter({ name: "hits_total", ...options });
      const waits = new Histogram({ name: "waits", buckets: [1, 5], ...options });
      const load = new Gauge({ name: "load", ...options });
      const dictating = new Dictating();
      const dictated = new Dictated<SeriesName>((name) => name);
      for (const reading of readings) {
        for (const [act, x, value] of reading) {
          if (act === "inc") hits.inc({ x }, value);
          else if (act === "observe") waits.observe({ x }, value);
          else if (act === "set") load.set({ x }, value);
          else if (act === "remove") load.remove({ x });
          else waits.reset();
        }
        const heard: unknown[] = [];
        dictated.hear(await told(registry, dictating), (series, value) => heard.push({ ...series, value }));
        assert.deepEqual(heard, await readRegistry(registry));
        const again = await told(registry, dictating);
        assert.ok(again.runs.every(({ changed }) => changed.length === 0));
        dictated.hear(again, () => {});
      }
    }),
    { numRuns: 60 },
  );
});
