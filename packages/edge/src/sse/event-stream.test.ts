import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatEvent, readLastEventId } from "./event.ts";
import { createEventStream, SSE_HEADERS } from "./event-stream.ts";

/** As the HTML standard says a browser reads a stream. */
function read(text: string): { data: string; event: string; id: string }[] {
  const events: { data: string; event: string; id: string }[] = [];
  let [data, event, id]: [string[], string, string] = [[], "", ""];
  for (const line of text.split(/\r\n|\r|\n/)) {
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = (colon < 0 ? "" : line.slice(colon + 1)).replace(/^ /, "");
    if (line === "") {
      if (data.length > 0) events.push({ data: data.join("\n"), event, id });
      [data, event] = [[], ""];
    } else if (name === "data") data.push(value);
    else if (name === "event") event = value;
    else if (name === "id") id = value;
  }
  return events;
}

test("whatever is sent, a browser reads one event with exactly that", () => {
  const line = fc.string({
    unit: fc.constantFrom("a", ":", " ", "\n", "\r", "data: x", "event: evil", "id", "é", "\u2028"),
  });
  fc.assert(
    fc.property(line, line, (data, name) => {
      const isLine = !/[\r\n]/.test(name) && name.length <= 200;
      if (!isLine) assert.throws(() => formatEvent({ data, event: name }), TypeError);
      else {
        const [event, ...more] = read(formatEvent({ data, event: name, id: "7" }));
        assert.deepEqual(more, []);
        assert.deepEqual(event, { data: data.replace(/\r\n|\r/g, "\n"), event: name, id: "7" });
      }
    }),
    { numRuns: 500 },
  );
  for (const id of ["a\nb", "a\rb", "a\0b", "x".repeat(201)])
    assert.throws(() => formatEvent({ data: "", id }), TypeError);
  assert.throws(() => formatEvent({ data: "", retryMs: 1.5 }), TypeError);
});

test("where a browser left off is read, or nothing", () => {
  assert.equal(readLastEventId("42"), "42");
  for (const header of [null, undefined, "", "a\nb", "x".repeat(201)])
    assert.equal(readLastEventId(header), null);
});

test("events come through a Response that nothing on the way holds back", async () => {
  const stream = createEventStream();
  const response = new Response(stream.body, { headers: SSE_HEADERS });
  assert.equal(response.headers.get("x-accel-buffering"), "no");
  assert.match(response.headers.get("cache-control") ?? "", /no-transform/);
  assert.equal(await stream.send({ data: "one", id: "1", retryMs: 10 }), true);
  assert.equal(await stream.send({ data: "two\nlines", event: "note" }), true);
  stream.close();
  assert.equal(
    await response.text(),
    "id: 1\nretry: 10\ndata: one\n\nevent: note\ndata: two\ndata: lines\n\n",
  );
  assert.equal(await stream.send({ data: "late" }), false);
});

test("a slow reader makes the source wait", async () => {
  const stream = createEventStream({ highWaterBytes: 50 });
  const reader = stream.body.getReader();
  let sent = 0;
  const source = (async () => {
    while (await stream.send({ data: "x".repeat(30) })) sent += 1;
  })();
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(sent, 2);
  await reader.read();
  await reader.read();
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.ok(sent > 2 && sent <= 5, String(sent));
  await reader.cancel();
  await source;
  assert.ok(stream.closed.aborted);
});

test("silence is broken by heartbeats, but none pile up behind a reader that stopped", async () => {
  const stream = createEventStream({ heartbeatMs: 1, highWaterBytes: 9 });
  for (let i = 0; i < 20; i += 1) await new Promise((resolve) => setTimeout(resolve, 2));
  stream.close();
  assert.equal(await new Response(stream.body).text(), ":\n\n".repeat(3));
});

test("the request's abortion ends the stream, before it starts and after", async () => {
  const gone = createEventStream({ signal: AbortSignal.abort() });
  assert.ok(gone.closed.aborted);
  assert.equal(await new Response(gone.body).text(), "");
  const request = new AbortController();
  const stream = createEventStream({ signal: request.signal, highWaterBytes: 1 });
  await stream.send({ data: "a" });
  const waiting = stream.send({ data: "b" });
  request.abort();
  assert.equal(await waiting, false);
  assert.equal(await new Response(stream.body).text(), "data: a\n\n");
  stream.close();
});
