import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { GatewayError } from "../errors.ts";
import type { ResponseHead } from "./response-head.ts";
import { ResponseReader } from "./response-reader.ts";

interface Read {
  heads: ResponseHead[];
  body: string;
  trailers: readonly string[] | null;
}

/** Feeds `pieces` to a reader as the answer to one request. */
function read(pieces: readonly string[], { method = "GET", headBytes = 1000, upgrade = false } = {}): Read {
  const seen: Read = { heads: [], body: "", trailers: null };
  const reader = new ResponseReader({ headBytes });
  const sink = {
    onHead: (head: ResponseHead) => void seen.heads.push(head),
    onBody: (chunk: Buffer) => {
      seen.body += chunk.toString("latin1");
    },
    onEnd: (trailers: readonly string[]) => {
      seen.trailers = trailers;
    },
  };
  reader.expect(method, sink, upgrade);
  for (const piece of pieces) reader.read(Buffer.from(piece, "latin1"));
  return seen;
}

const head = (...lines: string[]): string => `${["HTTP/1.1 200 OK", ...lines].join("\r\n")}\r\n\r\n`;
const CHUNKED = head("Transfer-Encoding: chunked");

describe("what is read", () => {
  test("a length, chunks with extensions and trailers, nothing", () => {
    assert.equal(read([`${head("Content-Length: 5")}hello`]).body, "hello");
    const chunked = read([`${CHUNKED}5;a=b\r\nhello\r\n1\r\n!\r\n0\r\nX-Sum: 1\r\n\r\n`]);
    assert.equal(chunked.body, "hello!");
    assert.deepEqual(chunked.trailers, ["X-Sum", "1"]);
    assert.deepEqual(read(["HTTP/1.1 204 No Content\r\n\r\n"]).trailers, []);
  });

  test("HEAD and 304 keep the length of the body that is not sent", () => {
    const headed = read([head("Content-Length: 5")], { method: "HEAD" });
    assert.equal(headed.heads[0]?.length, 5);
    assert.deepEqual(headed.trailers, []);
    assert.equal(read(["HTTP/1.1 304 x\r\nContent-Length: 9\r\n\r\n"]).heads[0]?.length, 9);
    assert.equal(read(["HTTP/1.1 204 x\r\nContent-Length: 0\r\n\r\n"]).heads[0]?.length, null);
  });

  test("interim answers are dropped, and not without end", () => {
    const interim = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
    const answer = read([`${interim.repeat(16)}${head("Content-Length: 0")}`]);
    assert.deepEqual(
      answer.heads.map(({ status }) => status),
      [200],
    );
    assert.throws(() => read([interim.repeat(17)]), GatewayError);
  });

  test("without a length the end of the connection is the end of the body", () => {
    const reader = new ResponseReader({ headBytes: 1000 });
    let ended = false;
    const onEnd = (): void => {
      ended = true;
    };
    reader.expect("GET", { onHead() {}, onBody() {}, onEnd });
    reader.read(Buffer.from(`${head()}abc`));
    assert.equal(ended, false);
    reader.end();
    assert.equal(ended, true);
  });

  test("whole or byte by byte, the same", () => {
    const body = fc.string({ maxLength: 40 });
    const field = fc.tuple(
      fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,9}$/),
      fc.stringMatching(/^[!-~]{0,20}$/),
    );
    fc.assert(
      fc.property(
        fc.array(body, { maxLength: 6 }),
        fc.array(field, { maxLength: 6 }),
        fc.boolean(),
        (parts, more, isChunked) => {
          const lines = more.map(([name, value]) => `X-${name}: ${value}`);
          const bytes = parts.map((part) => Buffer.from(part).toString("latin1"));
          const text = isChunked
            ? `${head("Transfer-Encoding: chunked", ...lines)}${bytes
                .filter((part) => part !== "")
                .map((part) => `${part.length.toString(16)}\r\n${part}\r\n`)
                .join("")}0\r\n\r\n`
            : `${head(`Content-Length: ${bytes.join("").length}`, ...lines)}${bytes.join("")}`;
          const whole = read([text]);
          assert.deepEqual(read([...text]), whole);
          assert.equal(whole.body, bytes.join(""));
          assert.deepEqual(whole.trailers, []);
        },
      ),
    );
  });
});

describe("what is refused", () => {
  const answers: Record<string, string> = {
    "two framings": head("Content-Length: 5", "Transfer-Encoding: chunked"),
    "a length twice": head("Content-Length: 5", "Content-Length: 5"),
    "two lengths in one line": head("Content-Length: 5, 5"),
    "a signed length": head("Content-Length: +5"),
    "a hexadecimal length": head("Content-Length: 0x5"),
    "a length beyond counting": head("Content-Length: 99999999999999999999"),
    "an unknown coding": head("Transfer-Encoding: gzip, chunked"),
    "a coding twice": head("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"),
    "a disguised coding": head("Transfer-Encoding: xchunked"),
    "chunks in HTTP/1.0": "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    "a blank before the colon": head("Content-Length : 5"),
    "a folded line": head("X-A: b", " c"),
    "a bare line feed": "HTTP/1.1 200 OK\nX: y\r\n\r\n",
    "a bare carriage return": head("X-A: b\rSet-Cookie: c"),
    "a null byte": head("X-A: b\0c"),
    "no name": head(": x"),
    "another protocol": "HTTP/2 200\r\n\r\n",
    "no status": "HTTP/1.1 OK\r\n\r\n",
    "a tunnel nobody asked for": "HTTP/1.1 101 x\r\nUpgrade: websocket\r\n\r\n",
    "a second answer": `${head("Content-Length: 0")}${head("Content-Length: 0")}`,
    "bytes behind a bodiless answer": "HTTP/1.1 204 x\r\n\r\nabc",
    "a chunk longer than its size": `${CHUNKED}3\r\nabcd\r\n0\r\n\r\n`,
    "a size that is no number": `${CHUNKED}0x3\r\nabc\r\n`,
    "a size beyond counting": `${CHUNKED}${"f".repeat(14)}\r\n`,
    "no size": `${CHUNKED}\r\nabc\r\n`,
    "a chunk line that ends in a bare line feed": `${CHUNKED}3\nabc\r\n`,
    "an extension without end": `${CHUNKED}3;${"x".repeat(300)}`,
    "framing in a trailer": `${CHUNKED}0\r\nContent-Length: 5\r\n\r\n`,
    "a head without end": `HTTP/1.1 200 OK\r\nX: ${"x".repeat(1200)}`,
    "trailers without end": `${CHUNKED}0\r\nX: ${"x".repeat(1200)}`,
    "fields without end": head(...Array.from({ length: 201 }, () => "a:")),
  };
  for (const [name, text] of Object.entries(answers)) {
    test(name, () => {
      for (const pieces of [[text], [...text]]) {
        assert.throws(
          () => read(pieces, { headBytes: name.startsWith("fields") ? 2000 : 1000 }),
          (error) => error instanceof GatewayError && error.code === "upstream-protocol",
        );
      }
    });
  }

  test("an end in the middle of a head, a length or a chunk", () => {
    for (const text of [
      "HTTP/1.1 20",
      `${head("Content-Length: 5")}abc`,
      `${CHUNKED}5\r\nabc`,
      `${CHUNKED}0\r\n`,
    ]) {
      const reader = new ResponseReader({ headBytes: 1000 });
      reader.expect("GET", { onHead() {}, onBody() {}, onEnd() {} });
      reader.read(Buffer.from(text));
      assert.throws(() => reader.end(), GatewayError, text);
    }
  });

  test("whatever comes, it is read or refused, and split anywhere it is judged alike", () => {
    const token = fc.constantFrom(
      "HTTP/1.1 ",
      "200 OK",
      "\r\n",
      "\n",
      ":",
      "Content-Length: 3",
      "Transfer-Encoding: chunked",
      "abc",
      "0",
      "3",
      ";",
      " ",
      "\0",
      "101 x",
    );
    fc.assert(
      fc.property(fc.array(token, { maxLength: 25 }), fc.nat(40), (tokens, cut) => {
        const text = `HTTP/1.1 200 OK\r\n${tokens.join("")}`;
        assert.deepEqual(outcome([text.slice(0, cut), text.slice(cut)]), outcome([text]));
      }),
      { numRuns: 2000 },
    );
  });
});

function outcome(pieces: readonly string[]): Read | string {
  try {
    return read(pieces);
  } catch (error) {
    assert.ok(error instanceof GatewayError, String(error));
    return error.message;
  }
}
