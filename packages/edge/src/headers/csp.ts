/** Content Security Policy Level 3, as a typed value compiled once. */

const SOURCE_DIRECTIVES = [
  "default-src",
  "script-src",
  "script-src-elem",
  "script-src-attr",
  "style-src",
  "style-src-elem",
  "style-src-attr",
  "img-src",
  "font-src",
  "connect-src",
  "media-src",
  "object-src",
  "frame-src",
  "child-src",
  "worker-src",
  "manifest-src",
  "base-uri",
  "form-action",
  "frame-ancestors",
] as const;
const TOKEN_DIRECTIVES = [
  "require-trusted-types-for",
  "trusted-types",
  "sandbox",
  "report-to",
  "report-uri",
] as const;
const FLAG_DIRECTIVES = ["upgrade-insecure-requests"] as const;

type SourceDirective = (typeof SOURCE_DIRECTIVES)[number];
type TokenDirective = (typeof TOKEN_DIRECTIVES)[number];
type FlagDirective = (typeof FLAG_DIRECTIVES)[number];

export type CspDirectives = { readonly [Name in SourceDirective | TokenDirective]?: readonly string[] } & {
  readonly [Name in FlagDirective]?: boolean;
};

/** Stands in a source list for the nonce of the response; naming it anywhere is what turns nonces on. */
export const NONCE = "'nonce'";
/** Stands in a text for where to cut it. No source may hold it. */
export const CUT = "\0";

/** The header's value, cut where the bare nonce goes: one segment when it has none. */
export interface CompiledCsp {
  readonly segments: readonly string[];
}

const KEYWORDS = new Set([
  "'self'",
  "'none'",
  "'strict-dynamic'",
  "'report-sample'",
  "'wasm-unsafe-eval'",
  "'unsafe-inline'",
  "'unsafe-eval'",
  "'unsafe-hashes'",
  NONCE,
]);
const HASH = /^'sha(?:256|384|512)-[A-Za-z0-9+/_-]{43,88}={0,2}'$/;
const SCHEME = /^[a-z][a-z0-9+.-]{0,30}:$/;
const HOST =
  /^(?:[a-z]{2,10}:\/\/)?(?:\*|(?:\*\.)?[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:]{2,39}\])(?::(?:\d{1,5}|\*))?(?:\/[A-Za-z0-9._~%/-]*)?$/;
const TOKEN = /^[A-Za-z0-9'#=_/@.%:*-]{1,200}$/;

/** Throws `TypeError` that names the directive for anything that is not a source of the grammar. */
export function compileCsp(directives: CspDirectives): CompiledCsp {
  const parts: string[] = [];
  for (const [name, value] of Object.entries(directives)) {
    if (value === undefined || value === false) continue;
    parts.push(directiveText(name, value));
  }
  return { segments: parts.join("; ").replaceAll(NONCE, `'nonce-${CUT}'`).split(CUT) };
}

function directiveText(name: string, value: readonly string[] | true): string {
  if (isOneOf(FLAG_DIRECTIVES, name) && value === true) return name;
  if (value === true || value.length === 0)
    throw new TypeError(`${name}: expects a list of at least one value`);
  if (isOneOf(SOURCE_DIRECTIVES, name)) checkSources(name, value);
  else if (isOneOf(TOKEN_DIRECTIVES, name)) checkTokens(name, value);
  else throw new TypeError(`${name}: no such directive`);
  return `${name} ${value.join(" ")}`;
}

function isOneOf(names: readonly string[], name: string): boolean {
  return names.includes(name);
}

function checkSources(name: string, sources: readonly string[]): void {
  if (sources.includes("'none'") && sources.length > 1)
    throw new TypeError(`${name}: 'none' must stand alone`);
  for (const source of sources) {
    const isKnown = KEYWORDS.has(source) || HASH.test(source) || SCHEME.test(source) || HOST.test(source);
    if (!isKnown) throw new TypeError(`${name}: ${JSON.stringify(source)} is not a source`);
  }
}

function checkTokens(name: string, tokens: readonly string[]): void {
  for (const token of tokens) {
    if (!TOKEN.test(token)) throw new TypeError(`${name}: ${JSON.stringify(token)} is not a token`);
  }
}

/** The header's value for one response. The nonce must be base64 of at least 128 random bits. */
export function renderCsp(csp: CompiledCsp, nonce: string): string {
  const { segments } = csp;
  let text = segments[0] as string;
  for (let i = 1; i < segments.length; i += 1) text += nonce + segments[i];
  return text;
}

export function needsNonce(csp: CompiledCsp): boolean {
  return csp.segments.length > 1;
}

/** Sources that give back what a policy is for. Empty for a policy without them. */
export function unsafeSources(directives: CspDirectives): string[] {
  const found: string[] = [];
  for (const [name, value] of Object.entries(directives)) {
    if (!Array.isArray(value)) continue;
    for (const source of value) {
      if (source.startsWith("'unsafe-") || source === "*") found.push(`${name} ${source}`);
    }
  }
  return found;
}
