import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { CopyMessages } from "./copy-out.ts";

function message(letter: string, body: Uint8Array): Buffer {
  const head = Buffer.from(`${letter}....`);
  head.writeUInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

/** The rows that were taken, and what was left for others, of parts that end at such places. */
function takenApart(bytes: Buffer, places: readonly number[]): { rows: Buffer; rest: Buffer } {
  const messages = new CopyMessages();
  const cuts = [0, ...places.map((place) => place % bytes.length).sort((a, b) => a - b), bytes.length];
  const rows: Buffer[] = [];
  const rest: Buffer[] = [];
  for (const [index, end] of cuts.slice(1).entries()) {
    const part = Buffer.from(bytes.subarray(cuts[index], end));
    if (messages.rest !== null) rest.push(part);
    else rows.push(messages.take(part));
    if (messages.rest !== null && rest.length === 0) rest.push(messages.rest);
  }
  return { rows: Buffer.concat(rows), rest: Buffer.concat(rest) };
}

test("rows come whole and in order, and what is not of the copy stays as it was, wherever a part ends", () => {
  const within = fc.record({
    letter: fc.constantFrom("d", "d", "H", "N", "S", "A"),
    body: fc.uint8Array({ maxLength: 40 }),
  });
  const behind = fc.tuple(fc.constantFrom("c", "C", "E", "Z"), fc.uint8Array({ maxLength: 40 }));
  fc.assert(
    fc.property(
      fc.array(within),
      behind,
      fc.array(fc.nat(), { maxLength: 30 }),
      (all, [letter, body], places) => {
        const last = message(letter, body);
        const bytes = Buffer.concat([...all.map((one) => message(one.letter, one.body)), last]);
        const { rows, rest } = takenApart(bytes, places);
        assert.deepEqual(rows, Buffer.concat(all.filter((one) => one.letter === "d").map((one) => one.body)));
        assert.deepEqual(rest, last);
      },
    ),
  );
});

test("a length that is none ends it", () => {
  assert.throws(() => new CopyMessages().take(Buffer.from([0x64, 0, 0, 0, 3])), RangeError);
});
