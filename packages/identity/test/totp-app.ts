import assert from "node:assert/strict";
import type { ManualClock } from "@rempart/kernel";
import { stepAt, totp } from "../src/factors/totp.ts";
import type { Authenticated, Identity } from "../src/index.ts";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** Base32 (RFC 4648, section 6) as an authenticator app reads it. */
function fromBase32(text: string): Uint8Array {
  const bits = [...text].map((letter) => ALPHABET.indexOf(letter).toString(2).padStart(5, "0")).join("");
  return Uint8Array.from(bits.match(/.{8}/g) ?? [], (byte) => Number.parseInt(byte, 2));
}

/** An authenticator app on a phone that shares the test's clock. */
export class App {
  readonly #seed: Uint8Array;
  readonly #clock: ManualClock;
  /** Recovery codes its enrolment gave. */
  readonly codes: readonly string[];

  constructor(secret: string, clock: ManualClock, codes: readonly string[] = []) {
    this.#seed = fromBase32(secret);
    this.#clock = clock;
    this.codes = codes;
  }

  code(skewMs = 0): string {
    return totp(this.#seed, stepAt(this.#clock.now() + skewMs));
  }

  /** A code of no step near this one. */
  wrong(): string {
    const near = [-30_000, 0, 30_000].map((skew) => this.code(skew));
    return ["000000", "111111", "222222", "333333"].find((code) => !near.includes(code)) ?? "444444";
  }
}

export async function enrolTotp(identity: Identity, who: Authenticated, clock: ManualClock): Promise<App> {
  const { secret } = await identity.factors.startTotp(who);
  const { recoveryCodes } = await identity.factors.confirmTotp(who, new App(secret, clock).code());
  assert.ok(recoveryCodes);
  return new App(secret, clock, recoveryCodes);
}
