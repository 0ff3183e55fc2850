import type { Logger } from "@rempart/runtime";
import type { Evaluation } from "./evaluation.ts";

/** Says what is wrong with an evaluation when it begins, changes or ends, and not with every tick. */
export class Remarks {
  readonly #log: Logger;
  readonly #said = new Map<string, string>();

  constructor(log: Logger) {
    this.#log = log;
  }

  on({ failed, targets, refused, series }: Evaluation): void {
    const full = refused > 0 ? `there is no room for more than ${series} series` : "";
    this.#about("history", full, { series });
    for (const { job, instance, reason } of targets) {
      this.#about(`target ${job} ${instance}`, reason ?? "", { job, instance });
    }
    const reasons = failed.map(({ rule, reason }) => `${rule}: ${reason}`).join("; ");
    this.#about("rules", reasons, {});
  }

  #about(topic: string, trouble: string, fields: object): void {
    if ((this.#said.get(topic) ?? "") === trouble) return;
    this.#said.set(topic, trouble);
    if (trouble === "") this.#log.info(fields, `monitor: ${topic} is well again`);
    else this.#log.warn({ ...fields, reason: trouble }, `monitor: trouble with ${topic}`);
  }
}
