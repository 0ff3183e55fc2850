/**
 * Values by key, in two generations: what was not asked about during a whole generation is dropped with it, so expiry
 * needs no timer and no scan. A generation lasts `lifetimeMs`, after which a value is as good as a new one, or less when
 * it is full.
 */
export class Generations<Value> {
  readonly #lifetimeMs: number;
  readonly #create: () => Value;
  readonly #maxYoung: number;
  #young = new Map<string, Value>();
  #old = new Map<string, Value>();
  #bornAt = 0;
  /** Values dropped early because there were too many. */
  forgotten = 0;

  constructor(lifetimeMs: number, maxKeys: number, create: () => Value) {
    this.#lifetimeMs = lifetimeMs;
    this.#create = create;
    this.#maxYoung = Math.max(1, Math.floor(maxKeys / 2));
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  of(key: string, now: number): Value {
    if (now - this.#bornAt >= this.#lifetimeMs) this.#rotate(now);
    let value = this.#young.get(key);
    if (value === undefined) {
      if (this.#young.size >= this.#maxYoung) this.#rotate(now);
      value = this.#old.get(key) ?? this.#create();
      this.#old.delete(key);
      this.#young.set(key, value);
    }
    return value;
  }

  #rotate(now: number): void {
    if (now - this.#bornAt < this.#lifetimeMs) this.forgotten += this.#old.size;
    this.#old = this.#young;
    this.#young = new Map();
    this.#bornAt = now;
  }
}
