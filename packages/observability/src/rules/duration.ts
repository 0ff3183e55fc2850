const UNITS = { w: 604_800_000, d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000 } as const;

/** As in PromQL: `30s`, `5m`, `6h`, `3d`, `1w`. */
export type Duration = `${number}${keyof typeof UNITS}`;

/** Milliseconds. Throws TypeError for what is no positive whole number of a unit. */
export function milliseconds(duration: Duration): number {
  const [, count, unit] = /^(\d{1,6})([smhdw])$/.exec(duration) ?? [];
  const ms = Number(count) * UNITS[unit as keyof typeof UNITS];
  if (!(ms > 0)) throw new TypeError(`"${duration}" is not a duration`);
  return ms;
}

/** The largest unit that says it exactly. `ms` is whole seconds. */
export function durationText(ms: number): string {
  if (ms === 0) return "0s";
  const [unit, size] = Object.entries(UNITS).find(([, length]) => ms % length === 0) ?? ["s", UNITS.s];
  return `${ms / size}${unit}`;
}
