import type { AuditRecord } from "../reading/record.ts";
import { MINUTE } from "./rule.ts";

/** Something is wrong with the log itself, rather than with what it tells. */
export interface LogFault {
  readonly kind: "gap" | "clock-back" | "clock-ahead";
  readonly reason: string;
  readonly evidence: readonly string[];
}

/** A transaction may commit this long after it recorded. */
const LATE_MS = 15 * MINUTE;
/** Clocks of replicas may be this far apart. */
const AHEAD_MS = 2 * MINUTE;

/** Watches places and times as the log goes by. */
export class LogHealth {
  #place: number | null = null;
  #latest = 0;

  /** `now` in Unix milliseconds. Null: nothing is wrong. */
  see({ index, id, time }: AuditRecord, now: number): LogFault | null {
    const fault = this.#gap(index, id) ?? this.#clock(id, time, now);
    this.#place = index;
    // A clock that ran ahead must not make everything after it look late.
    this.#latest = Math.max(this.#latest, Math.min(time, now));
    return fault;
  }

  #gap(index: number | null, id: string): LogFault | null {
    const expected = this.#place === null ? null : this.#place + 1;
    if (expected === null || index === null || index === expected) return null;
    const reason = `place ${index} follows place ${expected - 1}: entries between them are gone`;
    return { kind: "gap", reason, evidence: [id] };
  }

  #clock(id: string, time: number, now: number): LogFault | null {
    if (time > now + AHEAD_MS) {
      const reason = `an entry is dated ${Math.round((time - now) / 1000)} s ahead of now`;
      return { kind: "clock-ahead", reason, evidence: [id] };
    }
    if (time < this.#latest - LATE_MS) {
      const reason = `an entry is dated ${Math.round((this.#latest - time) / 1000)} s before one that precedes it`;
      return { kind: "clock-back", reason, evidence: [id] };
    }
    return null;
  }
}
