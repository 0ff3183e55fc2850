import { inspect } from "node:util";

const REDACTED = "[secret]";

/**
 * A value that does not print: string conversion, JSON and `util.inspect` all give `[secret]`, and the text is in no
 * enumerable property. `reveal()` is the only way out, so a search for it finds every place a secret is used.
 */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  [Symbol.toPrimitive](): string {
    return REDACTED;
  }

  [inspect.custom](): string {
    return REDACTED;
  }
}
