import { explain } from "@rempart/kernel";

export interface Finding {
  readonly state: "ok" | "warning" | "failed";
  readonly what: string;
  readonly detail: string;
  /** What to do about it; null when it is well, or the detail says so. */
  readonly advice: string | null;
}

export type Judged = Omit<Finding, "what">;

export const ok = (detail: string): Judged => ({ state: "ok", detail, advice: null });
export function warning(detail: string, advice: string | null = null): Judged {
  return { state: "warning", detail, advice };
}

export function failed(detail: string, advice: string | null = null): Judged {
  return { state: "failed", detail, advice };
}

/** Never rejects: what cannot be looked at has failed, and `advice` says what to do then. */
export async function look(
  what: string,
  work: () => Promise<Judged>,
  advice: string | null = null,
): Promise<Finding> {
  try {
    return { what, ...(await work()) };
  } catch (error) {
    return { what, ...failed(explain(error), advice) };
  }
}

const SHOWN = 8;

/** The first of many. */
export function some(names: readonly string[]): string {
  const rest = names.length - SHOWN;
  return `${names.slice(0, SHOWN).join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
}
