/**
 * The text exposition format 0.0.4, and OpenMetrics 1.0, as a scraped target answers it. The target is not trusted: sizes are bounded, no input
 * costs more than linear time, and what is not the format is refused as a whole.
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 */
import { ObservabilityError } from "../errors.ts";
import type { Labels, SeriesName } from "./series.ts";

export interface ScrapedSample extends SeriesName {
  readonly value: number;
}

export interface ExpositionLimits {
  /** UTF-16 units of the page. Default 8 Mi. */
  readonly maxLength?: number;
  /** Default 20,000. */
  readonly maxSamples?: number;
}

const MAX_LINE = 1 << 16;
const MAX_LABELS = 32;
const MAX_LABEL_VALUE = 1_024;

const NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const LABEL_NAME = /[a-zA-Z_][a-zA-Z0-9_]*/y;
const LABEL_VALUE = /"(?:[^"\\\n]|\\[\\"n])*"/y;
const BLANKS = /[ \t]*/y;
/** Digits, or a word of Go's ParseFloat, of which prom-client writes `Nan`. */
const NUMBER = /[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![\w.])|(?:nan|[+-]?inf(?:inity)?)(?![\w.])/iy;
/** Milliseconds, or in OpenMetrics seconds with a fraction. */
const TIMESTAMP = /-?\d{1,16}(?:\.\d{1,9})?(?![\w.])/y;

/** The samples of a page, in its order. A sample's own time is checked and dropped. Throws ObservabilityError `exposition-malformed`. */
export function parseExposition(page: string, limits: ExpositionLimits = {}): ScrapedSample[] {
  const { maxLength = 1 << 23, maxSamples = 20_000 } = limits;
  if (page.length > maxLength) throw malformed("the page is too long", 0);
  // A page cut short would end in a shorter number, which looks like a true one.
  if (page !== "" && !page.endsWith("\n")) throw malformed("the page does not end with a line break", 0);
  const samples: ScrapedSample[] = [];
  page.split("\n").forEach((line, index) => {
    if (line.length > MAX_LINE) throw malformed("the line is too long", index + 1);
    if (/^[ \t]*(?:#|$)/.test(line)) return;
    if (samples.length === maxSamples) throw malformed("there are too many samples", index + 1);
    samples.push(new Line(line, index + 1).sample());
  });
  return samples;
}

class Line {
  readonly #text: string;
  readonly #number: number;
  #position = 0;

  constructor(text: string, number: number) {
    this.#text = text;
    this.#number = number;
  }

  sample(): ScrapedSample {
    this.#take(BLANKS);
    const name = this.#expect(NAME, "a metric name");
    this.#take(BLANKS);
    const labels = this.#skip("{") ? this.#labels() : {};
    this.#take(BLANKS);
    const value = toNumber(this.#expect(NUMBER, "a value"));
    this.#take(BLANKS);
    this.#take(TIMESTAMP);
    this.#take(BLANKS);
    if (this.#skip("#")) this.#exemplar();
    if (this.#position !== this.#text.length) throw this.#error("the end of the line");
    return { name, labels, value };
  }

  /** Checked and dropped: of a bucket, one observation and where it was made. */
  #exemplar(): void {
    this.#take(BLANKS);
    if (!this.#skip("{")) throw this.#error("the labels of an exemplar");
    this.#labels();
    this.#take(BLANKS);
    this.#expect(NUMBER, "the value of an exemplar");
    this.#take(BLANKS);
    this.#take(TIMESTAMP);
    this.#take(BLANKS);
  }

  #labels(): Labels {
    const labels = new Map<string, string>();
    for (;;) {
      this.#take(BLANKS);
      if (this.#skip("}")) return Object.fromEntries(labels);
      this.#label(labels);
      this.#take(BLANKS);
      if (!this.#skip(",") && this.#text[this.#position] !== "}") throw this.#error("a comma or a brace");
    }
  }

  #label(labels: Map<string, string>): void {
    const label = this.#expect(LABEL_NAME, "a label name");
    this.#take(BLANKS);
    if (!this.#skip("=")) throw this.#error("an equals sign");
    this.#take(BLANKS);
    const quoted = this.#expect(LABEL_VALUE, "a quoted value");
    if (label.startsWith("__") || labels.has(label)) throw this.#error("another label name");
    if (labels.size === MAX_LABELS || quoted.length > MAX_LABEL_VALUE) throw this.#error("less");
    labels.set(label, unescaped(quoted.slice(1, -1)));
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#position;
    const [found = ""] = pattern.exec(this.#text) ?? [];
    this.#position += found.length;
    return found;
  }

  #expect(pattern: RegExp, what: string): string {
    const found = this.#take(pattern);
    if (found === "") throw this.#error(what);
    return found;
  }

  #skip(character: string): boolean {
    if (this.#text[this.#position] !== character) return false;
    this.#position += 1;
    return true;
  }

  #error(expected: string): ObservabilityError {
    return malformed(`character ${this.#position + 1}: ${expected} was expected`, this.#number);
  }
}

function toNumber(text: string): number {
  const word = text.toLowerCase();
  if (word === "nan") return Number.NaN;
  if (!word.includes("inf")) return Number(text);
  return word.startsWith("-") ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

function unescaped(text: string): string {
  return text.replaceAll(/\\(.)/g, (_, character: string) => (character === "n" ? "\n" : character));
}

function malformed(message: string, line: number): ObservabilityError {
  return new ObservabilityError("exposition-malformed", message, { details: { line } });
}
