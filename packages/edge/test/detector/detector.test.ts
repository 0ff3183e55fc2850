/** What the detector finds and what it leaves alone, with the numbers that the README publishes. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { manualClock } from "@rempart/kernel";
import fc from "fast-check";
import { decodedForms } from "../../src/detector/decode.ts";
import type { DetectorConfig, DetectorEvent } from "../../src/detector/detector.ts";
import { Assessment, inspectBody, inspectTarget, inspectValue, READERS } from "../../src/detector/inspect.ts";
import { signsOf } from "../../src/detector/signs.ts";
import { createEdge } from "../../src/edge.ts";
import type { Exchange } from "../../src/exchange.ts";
import { facts } from "../facts.ts";
import { countSteps } from "../steps.ts";
import {
  assess,
  attacks,
  detectionRates,
  everyday,
  falsePositives,
  heldOutAttacks,
  heldOutEveryday,
  prose,
  ratesTable,
  THRESHOLD,
} from "./corpus.ts";

const RATES = [
  ["sql", 88, 94],
  ["nosql", 21, 21],
  ["xss", 68, 68],
  ["path-traversal", 25, 26],
  ["command", 39, 40],
  ["template", 31, 31],
  ["scanner", 10, 10],
];
const WRONG = 2;

test("the rates of the corpus are exactly those published", () => {
  assert.deepEqual(
    detectionRates(attacks).map(({ family, detected, texts }) => [family, detected, texts]),
    RATES,
  );
  assert.equal(falsePositives().length, WRONG);
  assert.equal(everyday.length + prose.length, 232);
  const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
  const squeezed = readme.replaceAll(/ +/g, " ").replaceAll(/-{3,}/g, "---");
  assert.ok(squeezed.includes(ratesTable()), `the README should say:\n${ratesTable()}`);
});

test("what is held out is in no corpus, and is enough to say something", () => {
  const known = new Set([...attacks.map(({ text }) => text), ...everyday, ...prose]);
  const heldOut = [...heldOutAttacks.map(({ text }) => text), ...heldOutEveryday];
  assert.deepEqual(
    heldOut.filter((text) => known.has(text)),
    [],
  );
  assert.equal(new Set(heldOut).size, heldOut.length);
  assert.ok(heldOutAttacks.length > 60 && heldOutEveryday.length > 60);
});

test("an attack hidden by one more round of percent-encoding is still found", () => {
  for (const attack of attacks.filter(
    ({ place, text }) => place === "query" && !text.includes("%") && !text.includes("+"),
  )) {
    if (assess(attack).score < THRESHOLD) continue;
    const once = { place: "query", text: encodeURIComponent(attack.text) };
    const twice = { place: "query", text: encodeURIComponent(once.text) };
    assert.ok(assess(once).score >= THRESHOLD, once.text);
    assert.ok(assess(twice).score >= THRESHOLD, twice.text);
  }
});

test("no text and no body makes it throw, and a score is always bounded", () => {
  const sign = fc.constantFrom(
    "'",
    '"',
    "<",
    ">",
    "%",
    "&#",
    "\\u",
    "{{",
    "}}",
    "$",
    "(",
    "/*",
    "--",
    " or ",
    "union select ",
    "../",
    ";",
    "|",
    "=",
    "on",
    "script",
    "%c0",
    "%u",
    "\u0000",
    "\ud800",
    "１",
  );
  const text = fc.array(fc.oneof(sign, fc.string()), { maxLength: 30 }).map((parts) => parts.join(""));
  const check = (work: (assessment: Assessment) => void): void => {
    const assessment = new Assessment();
    work(assessment);
    assert.ok(assessment.score >= 0 && assessment.score <= 45);
    for (const { evidence } of assessment.findings) assert.ok(evidence.length <= 80);
  };
  fc.assert(
    fc.property(text, (value) => {
      check((assessment) => inspectTarget(assessment, `/${value}?${value}=${value}`));
      for (const place of ["query", "header", "body"] as const)
        check((assessment) => inspectValue(assessment, value, place));
    }),
    { numRuns: 500 },
  );
  fc.assert(
    fc.property(fc.object(), (body) => check((assessment) => inspectBody(assessment, body))),
    { numRuns: 200 },
  );
});

test("a state machine that is not woken would have found nothing", () => {
  const texts = [...attacks.map(({ text }) => text), ...everyday, ...prose];
  const text = fc
    .array(
      fc.oneof(fc.constantFrom(...texts), fc.string(), fc.constantFrom(" ", "'", "..", "on", "=", "1")),
      {
        maxLength: 6,
      },
    )
    .map((parts) => parts.join(""));
  fc.assert(
    fc.property(text, fc.integer({ min: 1, max: 4095 }), (value, dropped) => {
      const form = [...value.toLowerCase()]
        .filter((character) => (signsOf(character) & dropped) === 0)
        .join("");
      const signs = signsOf(form);
      for (const { needs, find } of READERS) {
        if ((signs & needs) !== 0) continue;
        for (const isProse of [true, false]) assert.equal(find(form, isProse), null, `${find.name}: ${form}`);
      }
    }),
    { numRuns: 3000 },
  );
});

test("each character of a value is read a bounded number of times, however it is made", () => {
  const units = [
    "'",
    '"',
    "<",
    "<a ",
    "on",
    " on=",
    "%",
    "%25",
    "&#1;",
    "&",
    "\\u0027",
    "..",
    "../",
    ";",
    "|",
    "$(",
    "`",
    "{{",
    "${",
    "/*",
    "--",
    "(",
    "1 or ",
    "' or ",
    "union ",
    "=",
    '"$',
    "a",
    "'a",
    "é",
    "$",
  ];
  for (const unit of units) {
    const cost = (length: number): number =>
      countSteps(() => inspectValue(new Assessment(), unit.repeat(length).slice(0, length), "query"));
    const small = cost(1000);
    const large = cost(4000);
    assert.ok(large <= 6 * small + 50_000, `${JSON.stringify(unit)}: ${small} then ${large}`);
    assert.ok(cost(40_000) <= cost(8000) + 1000, `${JSON.stringify(unit)} is read past the bound`);
  }
});

test("encodings are undone to a bounded depth", () => {
  const texts = (value: string): string[] => decodedForms(value).map(({ text }) => text);
  assert.deepEqual(texts("%2527"), ["%2527", "%27", "'"]);
  assert.equal(decodedForms("%25252525252527").length, 4);
  assert.deepEqual(texts("plain"), ["plain"]);
  assert.deepEqual(texts("%zz%"), ["%zz%"]);
});

function edgeWith(config: DetectorConfig, clock = manualClock()) {
  const events: DetectorEvent[] = [];
  const edge = createEdge({
    preset: "api",
    rateLimit: false,
    clock,
    detector: { observe: (event) => events.push(event), ...config },
  });
  const get = (target: string): Exchange => edge.admit(facts({ target })) as Exchange;
  return { edge, events, get };
}

const ATTACK_TARGET = "/items?id=1%20union%20select%20password%20from%20users";

test("it reports first: the request passes and the observer is told", () => {
  const { events, get } = edgeWith({});
  const exchange = get(ATTACK_TARGET);
  assert.equal(exchange.verdict, "pass");
  assert.equal(events.length, 1);
  assert.equal(events[0]?.blocked, false);
  assert.equal(events[0]?.findings[0]?.family, "sql");
  assert.equal(events[0]?.requestId, exchange.requestId);
});

test("told to block, it refuses from the threshold on, and says nothing of why", () => {
  const { edge, events, get } = edgeWith({ mode: "block" });
  const exchange = get(ATTACK_TARGET);
  assert.equal(exchange.code, "suspicious-request");
  const answer = edge.answer(exchange);
  assert.equal(answer.status, 403);
  assert.doesNotMatch(answer.body, /sql|union/);
  assert.equal(events[0]?.blocked, true);
  assert.equal(edgeWith({ mode: "block", threshold: 6 }).get(ATTACK_TARGET).verdict, "pass");
  assert.equal(get("/items?id=O%27Brien").verdict, "pass");
});

test("a parsed body is judged when the application shows it", () => {
  const { edge, get } = edgeWith({ mode: "block" });
  const exchange = get("/");
  assert.equal(edge.inspect(exchange, { user: "ann", password: { $ne: null } })?.code, "suspicious-request");
  assert.equal(edge.inspect(exchange, { text: "I love SQL; select is my favourite" }), null);
  let deep: unknown = "<script>alert(1)</script>";
  for (let i = 0; i < 10_000; i += 1) deep = [deep];
  assert.equal(edge.inspect(exchange, deep), null);
});

test("evidence is short and keeps no secret", () => {
  const { events, get } = edgeWith({});
  get(`/?q=1%20or%201=1&token=supersecretvalue123'--${"x".repeat(500)}`);
  const [finding] = events[0]?.findings ?? [];
  assert.ok(finding);
  assert.doesNotMatch(JSON.stringify(events), /supersecretvalue/);
  assert.ok(finding.evidence.length <= 80);
});

test("many refused sign-ins of one client are one pattern, and end with time", () => {
  const clock = manualClock();
  const { edge, get } = edgeWith({ mode: "block", behaviour: { refusals: 3, windowSeconds: 10 } }, clock);
  for (let i = 0; i < 3; i += 1) edge.settle(get("/login"), 401, false);
  const refused = get("/login");
  assert.equal(refused.code, "abnormal-usage-detected");
  assert.equal(edge.answer(refused).status, 429);
  const other = edge.admit(facts({ peer: "203.0.113.9" })) as Exchange;
  assert.equal(other.verdict, "pass");
  clock.advance(20_000);
  assert.equal(get("/login").verdict, "pass");
});

test("so are many pages that are missing", () => {
  const { edge, get } = edgeWith({ mode: "block", behaviour: { misses: 5 } });
  for (let i = 0; i < 5; i += 1) edge.settle(get(`/page${i}`), 404, false);
  assert.equal(get("/").code, "abnormal-usage-detected");
});

test("an observer that throws, and a threshold that means nothing", () => {
  const { get } = edgeWith({
    observe: () => {
      throw new Error("full");
    },
  });
  assert.equal(get(ATTACK_TARGET).verdict, "pass");
  assert.throws(() => edgeWith({ threshold: 0 }), {
    code: "invalid-configuration",
    message: /detector.threshold/,
  });
});
