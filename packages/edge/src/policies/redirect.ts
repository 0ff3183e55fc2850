import { invalid } from "../errors.ts";
import { canonicalPath, compilePath } from "../routes.ts";
import type { Verdict } from "../verdict.ts";
import type { Policy } from "./policy.ts";

/** One old address and where it went. */
export interface RedirectRule {
  /** As in `routes`: `/old`, `/users/:id`, `/docs/*`. */
  readonly from: string;
  /** A path of ours or a whole https URL, with `:names` and a last star of `from`. The query is carried over. */
  readonly to: string;
  /** 308 (the default) and 301 for good, 307 and 302 for now; 307 and 308 keep the method. */
  readonly status?: RedirectStatus;
}

export type RedirectStatus = 301 | 302 | 307 | 308;

type Resolve = (path: string) => string | null;

const STATUSES = new Set([301, 302, 307, 308]);
/** The host stands before the first variable, so nothing of a request can become part of it. */
const TARGET = /^(?:https:\/\/[a-z0-9.-]+(?::\d{1,5})?)?\/(?:[\w.~:-]+\/)*(?:[\w.~:-]*|\*)$/;

/** Answers moved addresses; the first rule that matches holds. Throws `EdgeError` that names a rule it cannot follow. */
export function redirects(rules: readonly RedirectRule[]): Policy {
  const compiled = rules.map((rule, i) => {
    const status = rule.status ?? 308;
    if (!STATUSES.has(status)) throw invalid(`redirects[${i}].status`, "expects 301, 302, 307 or 308");
    return { status, resolve: compileRule(rule, `redirects[${i}]`) };
  });
  return ({ facts, matched }): Verdict | null => {
    const path = matched.wellFormed ? canonicalPath(facts.target) : null;
    if (path === null) return null;
    for (const { resolve, status } of compiled) {
      const to = resolve(path);
      if (to !== null) return { kind: "redirect", status, location: to + queryOf(facts.target) };
    }
    return null;
  };
}

function compileRule({ from, to }: RedirectRule, field: string): Resolve {
  const matches = readPattern(from, field);
  const names = from.split("/");
  if (!TARGET.test(to))
    throw invalid(`${field}.to`, "expects a path, or an https URL, with a star at its end at most");
  for (const segment of to.split("/")) {
    const isVariable = segment.startsWith(":") || segment === "*";
    if (isVariable && !names.includes(segment)) throw invalid(`${field}.to`, `${segment} is not in from`);
  }
  if (!to.includes("/:") && !to.endsWith("/*")) return (path) => (matches(path) ? to : null);
  return (path) => (matches(path) ? fill(to, names, path.split("/")) : null);
}

function readPattern(from: string, field: string): (path: string) => boolean {
  try {
    return compilePath(from);
  } catch (error) {
    throw invalid(`${field}.from`, error instanceof Error ? error.message : String(error));
  }
}

/** What came from the request is encoded again: it can add neither a segment, a query nor a host. */
function fill(to: string, names: readonly string[], given: readonly string[]): string {
  const filled = to.split("/").flatMap((segment) => {
    if (segment === "*") return given.slice(names.length - 1).map(encodeSegment);
    return segment.startsWith(":") ? [encodeSegment(given[names.indexOf(segment)] ?? "")] : [segment];
  });
  return filled.join("/");
}

function encodeSegment(segment: string): string {
  return encodeURIComponent(segment.toWellFormed());
}

function queryOf(target: string): string {
  const at = target.indexOf("?");
  const query = at < 0 ? "" : target.slice(at);
  return /^[\x21-\x7e]*$/.test(query) ? query : "";
}
