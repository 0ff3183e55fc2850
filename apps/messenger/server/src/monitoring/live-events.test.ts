import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { createEventStream } from "@rempart/edge";
import { systemRandom } from "@rempart/kernel";
import { LiveEvents } from "./live-events.ts";

/** What a reader was told, as pairs of event and data, and the id of the last. */
async function read(
  live: LiveEvents,
  lastId: string | null,
  meanwhile: () => void | Promise<void> = () => {},
) {
  const stream = createEventStream();
  live.join(stream, lastId);
  await meanwhile();
  stream.close();
  const text = await new Response(stream.body).text();
  const told = [...text.matchAll(/^event: (.+)\n(?:id: .+\n)?data: (.+)$/gm)].map(
    ([, event, data]) => `${event} ${data}`,
  );
  const ids = [...text.matchAll(/^id: (.+)$/gm)].map(([, id]) => id ?? "");
  return { told, lastId: ids.at(-1) ?? null };
}

const publish = (live: LiveEvents, from: number, to: number): void => {
  for (let n = from; n <= to; n++) live.publish("tick", { n });
};

test("who comes first is told how things stand, then what happens", async () => {
  const live = new LiveEvents(systemRandom);
  publish(live, 1, 3);
  const { told } = await read(live, null, () => publish(live, 4, 5));
  assert.deepEqual(told, ['snapshot {"tick":{"n":3}}', 'tick {"n":4}', 'tick {"n":5}']);
  assert.equal(live.readers, 0, "a stream that ended is nobody's");
});

test("who comes back is told exactly what they missed; after too much, or another process, how things stand", async () => {
  const live = new LiveEvents(systemRandom);
  const { lastId } = await read(live, null, () => publish(live, 1, 2));
  assert.deepEqual((await read(live, lastId)).told, []);
  publish(live, 3, 4);
  assert.deepEqual((await read(live, lastId)).told, ['tick {"n":3}', 'tick {"n":4}']);
  publish(live, 5, 100);
  assert.deepEqual((await read(live, lastId)).told, ['snapshot {"tick":{"n":100}}']);
  assert.deepEqual((await read(new LiveEvents(systemRandom), lastId)).told, ["snapshot {}"]);
});

test("a reader that stopped reading is closed, and the others are told everything", async () => {
  const live = new LiveEvents(systemRandom);
  const slow = createEventStream({ highWaterBytes: 10 });
  live.join(slow, null);
  const { told } = await read(live, null, async () => {
    for (let n = 1; n <= 500; n++) {
      publish(live, n, n);
      await nextTurn();
    }
  });
  assert.ok(slow.closed.aborted);
  assert.equal(told.length, 501);
});

test("closing ends every stream", () => {
  const live = new LiveEvents(systemRandom);
  const streams = [createEventStream(), createEventStream()];
  for (const stream of streams) live.join(stream, null);
  live.close();
  assert.ok(streams.every(({ closed }) => closed.aborted));
  assert.equal(live.readers, 0);
});
