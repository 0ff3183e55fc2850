export interface RedirectTargetOptions {
  /** Where to go when the target is not one of ours; default `/`. */
  readonly fallback?: string;
  /** Other origins that may be gone to, as `https://app.example.com`. */
  readonly origins?: readonly string[];
}

const MAX_TARGET = 2048;
/** Stands for our own origin while a target is read; nobody can own it (RFC 6761, 6.4). */
const OWN = "https://own.invalid";

/**
 * Where a `?next=` may lead: a path of ours, or an allowed origin, exactly as a browser would understand it. Anything else
 * (`//evil.example`, `/\evil.example`, `https:evil.example`, control characters, `javascript:`) is the fallback.
 */
export function safeRedirectTarget(
  target: string | null | undefined,
  options: RedirectTargetOptions = {},
): string {
  const { fallback = "/", origins = [] } = options;
  if (target === null || target === undefined || target.length > MAX_TARGET) return fallback;
  // Browsers drop tabs and line ends inside a URL and read a backslash as a slash: no honest target has any.
  if (!/^[\x21-\x5b\x5d-\x7e\u00a0-\uffff]+$/.test(target)) return fallback;
  const url = URL.parse(target, OWN);
  if (url === null || url.username !== "" || url.password !== "") return fallback;
  if (url.origin === OWN) return isPath(target) ? ownPath(url, fallback) : fallback;
  return url.protocol === "https:" && origins.includes(url.origin) ? url.href : fallback;
}

/** Relative to the page it stands on a target could mean anything. */
function isPath(target: string): boolean {
  return target.startsWith("/") && !target.startsWith("//");
}

/** Dot segments can leave two slashes in front (`/.//evil.example`), which a browser would take for a host. */
function ownPath(url: URL, fallback: string): string {
  return url.pathname.startsWith("//") ? fallback : url.pathname + url.search + url.hash;
}
