import type { Logger } from "@rempart/runtime";
import type { Evaluation } from "./evaluation.ts";

/** Hands evaluations over one at a time. Who takes long is not sent what is old by then. */
export class Courier {
  readonly #deliver: (evaluation: Evaluation) => void | Promise<void>;
  readonly #log: Logger;
  #next: Evaluation | null = null;
  #isUnderWay = false;

  constructor(deliver: (evaluation: Evaluation) => void | Promise<void>, log: Logger) {
    this.#deliver = deliver;
    this.#log = log;
  }

  take(evaluation: Evaluation): void {
    this.#next = evaluation;
    if (!this.#isUnderWay) void this.#deliverAll();
  }

  async #deliverAll(): Promise<void> {
    this.#isUnderWay = true;
    while (this.#next !== null) {
      const evaluation = this.#next;
      this.#next = null;
      try {
        await this.#deliver(evaluation);
      } catch (error) {
        this.#log.error({ err: error }, "an evaluation could not be acted on");
      }
    }
    this.#isUnderWay = false;
  }
}
