import type { Clock } from "@rempart/kernel";

const SLOTS = 60;
const SLOT_MS = 60_000;

interface Slot {
  /** Minutes on the monotonic clock. */
  minute: number;
  hits: number;
  all: number;
}

/** How often something was so, of all the times it could have been, within the last hour. */
export class RecentRate {
  readonly #clock: Clock;
  readonly #slots: Slot[] = Array.from({ length: SLOTS }, () => ({ minute: -SLOTS, hits: 0, all: 0 }));

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  count(hit: boolean): void {
    const slot = this.#slotNow();
    slot.all += 1;
    if (hit) slot.hits += 1;
  }

  /** 0 to 100; null when there was nothing to count. */
  percent(): number | null {
    const oldest = this.#minute() - SLOTS;
    const recent = this.#slots.filter(({ minute }) => minute > oldest);
    const all = recent.reduce((sum, slot) => sum + slot.all, 0);
    const hits = recent.reduce((sum, slot) => sum + slot.hits, 0);
    return all === 0 ? null : (hits / all) * 100;
  }

  #slotNow(): Slot {
    const minute = this.#minute();
    const slot = this.#slots[minute % SLOTS] as Slot;
    if (slot.minute !== minute) Object.assign(slot, { minute, hits: 0, all: 0 });
    return slot;
  }

  #minute(): number {
    return Math.floor(this.#clock.monotonic() / SLOT_MS);
  }
}
