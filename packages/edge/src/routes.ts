import type { CspDirectives } from "./headers/csp.ts";
import type { IdempotencyMode } from "./policies/idempotency.ts";
import type { RequestSchemas } from "./validation/validator.ts";

/** What is special about a part of the address space. The first rule that matches holds. */
export interface RouteRule {
  /** Low cardinality: it labels metrics. */
  readonly name: string;
  /** `/exact`, `/under/*` (also `/under` itself), or `/with/:parameters/in/segments`. */
  readonly path: string;
  /** Every method when absent. */
  readonly methods?: readonly string[];
  /** Answer 403 to everyone. */
  readonly deny?: boolean;
  /** The rate limit policy by its name, several that must all let the request through, or `false` for none. */
  readonly rateLimit?: string | readonly string[] | false;
  /** `false` for answers that last by nature (event streams, long polling): they take no place under `concurrency`. */
  readonly concurrency?: false;
  /** `false` for what has no versions: health checks, webhooks, static files. */
  readonly versions?: false;
  /** `required`: 401 for those the `identity` port does not know. `none`: it is not asked. Default `optional`. */
  readonly identity?: "required" | "optional" | "none";
  /** Schemas of what the route takes, from zod or another Standard Schema; `params` are those of `path`. */
  readonly validate?: RequestSchemas;
  /** `false` for what is the same in every variant. */
  readonly experiments?: false;
  /** Whether POST and PATCH take an `Idempotency-Key`; default as `idempotency.default` says. */
  readonly idempotency?: IdempotencyMode;
  /** `false` when the route authenticates by something a browser does not send by itself. */
  readonly csrf?: false;
  /** Largest body in bytes. */
  readonly bodyBytes?: number;
  /** Replaces the Content Security Policy here. */
  readonly csp?: CspDirectives;
  /** Serve WebSockets: `browser` demands an allowed Origin; `any-client` also takes clients that send none. */
  readonly webSocket?: "browser" | "any-client";
}

/**
 * The path as rules see it: percent-encoding undone once, dot segments resolved, empty segments and a trailing slash
 * removed. Null for a target that is not an absolute path, or that no two parsers would read alike (a backslash, a control
 * character, broken percent-encoding).
 */
export function canonicalPath(target: string): string | null {
  if (target.charCodeAt(0) !== 47) return null;
  let end = 0;
  let isPlain = true;
  for (; end < target.length; end += 1) {
    const code = target.charCodeAt(end);
    if (code === 63) break;
    if (code <= 32 || code >= 127 || code === 92 || code === 35) return null;
    if (code === 37) isPlain = false;
    else if (code === 47 && end > 0 && isPlain) {
      const before = target.charCodeAt(end - 1);
      if (before === 47 || before === 46) isPlain = false;
    }
  }
  const path = target.slice(0, end);
  const last = path.charCodeAt(end - 1);
  return isPlain && last !== 46 && (last !== 47 || end === 1) ? path : normalized(path);
}

function normalized(path: string): string | null {
  const decoded = decodeOnce(path);
  if (decoded === null) return null;
  const segments: string[] = [];
  for (const segment of decoded.split("/")) {
    if (segment === "" || segment === ".") continue;
    if (segment === "..") segments.pop();
    else segments.push(segment);
  }
  return `/${segments.join("/")}`;
}

function decodeOnce(path: string): string | null {
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    return null;
  }
  for (let i = 0; i < decoded.length; i += 1) {
    const code = decoded.charCodeAt(i);
    if (code < 32 || code === 127 || code === 92) return null;
  }
  return decoded;
}

/** Reads what stands where the pattern has `:names`, of a canonical path that it matches. */
export function compileParams(pattern: string): (path: string) => Readonly<Record<string, string>> {
  const named = pattern.split("/").map((segment) => (segment.startsWith(":") ? segment.slice(1) : null));
  return (path) => {
    const segments = path.split("/");
    const params: Record<string, string> = Object.create(null);
    named.forEach((name, i) => {
      if (name !== null) params[name] = segments[i] ?? "";
    });
    return params;
  };
}

type PathTest = (path: string) => boolean;

/** Throws `TypeError` for a pattern it cannot read. */
export function compilePath(pattern: string): PathTest {
  if (!pattern.startsWith("/") || pattern.indexOf("*") !== pattern.lastIndexOf("*")) {
    throw new TypeError(`"${pattern}" is not a path pattern`);
  }
  if (pattern === "/*") return () => true;
  if (pattern.includes("/:")) return compileSegments(pattern);
  if (pattern.endsWith("/*")) {
    const base = pattern.slice(0, -2);
    const prefix = `${base}/`;
    return (path) => path === base || path.startsWith(prefix);
  }
  if (pattern.includes("*")) throw new TypeError(`"${pattern}": a star stands alone as the last segment`);
  return (path) => path === pattern;
}

function compileSegments(pattern: string): PathTest {
  const wanted = pattern.split("/");
  const isOpen = wanted.at(-1) === "*";
  if (isOpen) wanted.pop();
  if (wanted.includes("*")) throw new TypeError(`"${pattern}": a star stands alone as the last segment`);
  return (path) => {
    const segments = path.split("/");
    if (isOpen ? segments.length < wanted.length : segments.length !== wanted.length) return false;
    return wanted.every((want, i) => want.startsWith(":") || want === segments[i]);
  };
}
