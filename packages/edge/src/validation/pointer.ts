const MAX_STEPS = 32;
const MAX_STEP = 100;

/** A JSON Pointer as a URI fragment (RFC 6901, 3 and 6). Steps come from the request: they are cut and escaped. */
export function toPointer(steps: readonly string[]): string {
  return `#${steps.slice(0, MAX_STEPS).map(escapeStep).join("")}`;
}

function escapeStep(step: string): string {
  const cut = step.slice(0, MAX_STEP).toWellFormed().replaceAll("~", "~0").replaceAll("/", "~1");
  return `/${encodeURIComponent(cut)}`;
}
