import { ATTACK, type Finding } from "./finding.ts";

export interface BehaviourLimits {
  /** Refused sign-ins (401) of one client in a window that no forgetful person reaches; default 20. */
  readonly refusals: number;
  /** Answers 403 and 404 to one client in a window that no broken link explains; default 60. */
  readonly misses: number;
  readonly windowSeconds: number;
  /** Clients remembered at most; default 20,000. Beyond it the least recent are forgotten. */
  readonly maxClients: number;
}

interface Counts {
  refusals: number;
  misses: number;
}

const STUFFING: Finding = { family: "credential-stuffing", score: ATTACK, reason: "many refused sign-ins" };
const BROWSING: Finding = {
  family: "forced-browsing",
  score: ATTACK,
  reason: "many missing or forbidden pages",
};

/** Counts per client in two generations of one window each: expiry needs no timer, and memory has a bound. */
export class Behaviour {
  readonly #limits: BehaviourLimits;
  #young = new Map<string, Counts>();
  #old = new Map<string, Counts>();
  #bornAt = 0;

  constructor(limits: BehaviourLimits) {
    this.#limits = limits;
  }

  get clients(): number {
    return this.#young.size + this.#old.size;
  }

  answered(client: string, status: number, now: number): void {
    if (status !== 401 && status !== 403 && status !== 404) return;
    this.#age(now);
    let counts = this.#young.get(client);
    if (counts === undefined) {
      if (this.#young.size >= Math.max(1, this.#limits.maxClients / 2)) this.#rotate(now);
      counts = { refusals: 0, misses: 0 };
      this.#young.set(client, counts);
    }
    if (status === 401) counts.refusals += 1;
    else counts.misses += 1;
  }

  find(client: string, now: number): Finding | null {
    this.#age(now);
    const young = this.#young.get(client);
    const old = this.#old.get(client);
    if (young === undefined && old === undefined) return null;
    if ((young?.refusals ?? 0) + (old?.refusals ?? 0) >= this.#limits.refusals) return STUFFING;
    return (young?.misses ?? 0) + (old?.misses ?? 0) >= this.#limits.misses ? BROWSING : null;
  }

  #age(now: number): void {
    const passed = now - this.#bornAt;
    const window = this.#limits.windowSeconds * 1000;
    if (passed >= window) this.#rotate(now);
    if (passed >= 2 * window) this.#old = new Map();
  }

  #rotate(now: number): void {
    this.#old = this.#young;
    this.#young = new Map();
    this.#bornAt = now;
  }
}
