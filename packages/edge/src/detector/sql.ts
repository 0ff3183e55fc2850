import { ATTACK, type Finding, NOTE } from "./finding.ts";
import { type Fingerprint, SQL_FUNCTIONS, type SqlTokens, sqlTokens } from "./sql-tokens.ts";

const SAID_IN_PROSE: Finding = { family: "sql", score: NOTE, reason: "sql quoted in prose" };
const MAX_BREAKOUTS = 8;
/** Words before a quote that make it a quotation and not the end of a string. */
const PROSE_WORDS = 4;

/**
 * Reads a value as SQL would: in the place of a number, and after each quote that could end a string it was put into. What
 * comes after the break-out decides, by the shape of its tokens.
 */
export function findSql(form: string, isProse: boolean): Finding | null {
  const bare = startsLikeValue(form) ? judgeFrom(form, 0, true) : null;
  if (bare !== null) return attack(bare);
  let at = -1;
  for (let tried = 0; tried < MAX_BREAKOUTS; tried += 1) {
    at = nextQuote(form, at + 1);
    if (at < 0) return null;
    const reason = judgeFrom(form, at + 1, false);
    if (reason !== null)
      return isProse && wordsBefore(form, at) >= PROSE_WORDS ? SAID_IN_PROSE : attack(reason);
  }
  return null;
}

/** Most break-outs show by their first tokens that they are none: the rest is not read. */
function judgeFrom(form: string, from: number, withValue: boolean): string | null {
  const start = sqlTokens(form, from, START);
  if (start.texts.length < START) return judge(start, withValue);
  return mayExtend(start.kinds, withValue) ? judge(sqlTokens(form, from), withValue) : null;
}

const START = 6;

/** Whether `judge` could still say something once more tokens follow. */
function mayExtend(start: Fingerprint, withValue: boolean): boolean {
  let at = withValue ? skipValue(start) : 0;
  while (start.charAt(at) === ")") at += 1;
  const isLong = at + MAX_BEFORE_UNION < start.length;
  return (
    !isLong || EXTENDS.includes(start.charAt(at)) || start.slice(at, at + MAX_BEFORE_UNION + 1).includes("U")
  );
}

/** Tokens that may stand between a value and `union`. */
const MAX_BEFORE_UNION = 3;
/** What every other shape begins with. */
const EXTENDS = "o&;,Kc";

function attack(reason: string): Finding {
  return { family: "sql", score: ATTACK, reason };
}

/** A number, a parenthesis, a sign or a separator: prose and names begin otherwise. */
function startsLikeValue(form: string): boolean {
  const text = form.trimStart();
  const code = text.charCodeAt(0);
  return (code >= 48 && code <= 57) || "-+();,@|&!~".includes(text.charAt(0)) || firstWordIsTarget(text);
}

/** `id and 1=1`, `null union select`: one short word where a value was expected. */
function firstWordIsTarget(text: string): boolean {
  const tokens = sqlTokens(text.slice(0, 64), 0, 3).kinds;
  return (
    tokens.startsWith("nU") || tokens.startsWith("n&1") || tokens.startsWith("1U") || tokens.startsWith("n;E")
  );
}

function nextQuote(text: string, from: number): number {
  for (let i = from; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code === 39 || code === 34 || code === 96) return i;
  }
  return -1;
}

function wordsBefore(form: string, at: number): number {
  let words = 0;
  for (let i = 1; i < at; i += 1) {
    if (form.charCodeAt(i) === 32 && form.charCodeAt(i - 1) > 96) words += 1;
  }
  return words;
}

/** What follows a value: an operator that extends the condition, a second statement, or a comment that cuts the rest off. */
function judge({ kinds, texts }: SqlTokens, withValue: boolean): string | null {
  const value = withValue ? skipValue(kinds) : 0;
  let at = value;
  while (kinds.charAt(at) === ")") at += 1;
  const rest = kinds.slice(at);
  if (hasUnion(rest, texts, at)) return "union select";
  if (rest.startsWith(";") && STACKED.some((shape) => rest.startsWith(shape))) return "stacked statement";
  if (rest.startsWith("&") && isCondition(rest.slice(1), texts, at + 1)) return "condition added";
  if (hasCall(rest, texts, at)) return "function call";
  if (rest === "c" && (at > 0 || !withValue)) return texts[at]?.startsWith("#") ? null : "rest cut off";
  if (ORDER.some((shape) => rest.startsWith(shape)) && rest.endsWith("c")) return "clause added";
  return null;
}

const STACKED = [";En", ";EK", ";Ef", ";Eo", ";Es", ";E1", ";EE", ";K", ";nc"];
const ORDER = ["KK1", "K1", "KK("];

function skipValue(kinds: string): number {
  let at = 0;
  while ("(o".includes(kinds.charAt(at)) && at < kinds.length) at += 1;
  return "1ns".includes(kinds.charAt(at)) && at < kinds.length ? at + 1 : at;
}

function hasUnion(rest: string, texts: readonly string[], offset: number): boolean {
  const at = rest.indexOf("U");
  if (at < 0 || at > MAX_BEFORE_UNION) return false;
  let next = at + 1;
  while ("K(".includes(rest.charAt(next)) && next < rest.length) next += 1;
  return texts[offset + next] === "select" && next + 1 < rest.length;
}

/** Compared with something, a call, or a subquery: a word after `and` alone is prose. */
function isCondition(rest: string, texts: readonly string[], offset: number): boolean {
  // No operand begins so: it is percent-encoding that a later form undoes.
  if (texts[offset] === "%") return false;
  let at = 0;
  while ("(o".includes(rest.charAt(at)) && at < rest.length) at += 1;
  const operand = rest.charAt(at);
  if (operand === "f") return SQL_FUNCTIONS.has(texts[offset + at] ?? "") || at > 0;
  if (operand === "E" || (operand === "K" && texts[offset + at] === "exists"))
    return rest.charAt(at + 1) !== "";
  const next = rest.slice(at + 1);
  if (operand === "1") return next === "" ? rest.length > 1 : "oc)&K".includes(next.charAt(0));
  if (operand !== "n" && operand !== "s") return false;
  return isComparison(next, texts[offset + at + 1] ?? "");
}

function isComparison(next: string, operator: string): boolean {
  if (next.startsWith("c") || next.startsWith("&")) return operator !== "and" && operator !== "or";
  if (!next.startsWith("o")) return false;
  return operator === "-" ? next.includes("c") : "1snf(o".includes(next.charAt(1)) && next.length > 1;
}

/** `'||sleep(5)||'`, `1-sleep(5)`, `';waitfor delay`. */
function hasCall(rest: string, texts: readonly string[], offset: number): boolean {
  const limit = Math.min(rest.length, 12);
  if (!"o&;,K".includes(rest.charAt(0))) return false;
  for (let i = 1; i < limit; i += 1) {
    const text = texts[offset + i] ?? "";
    if (rest.charAt(i) === "f" && SQL_FUNCTIONS.has(text) && rest.charAt(i + 1) === "(") return true;
    if (rest.charAt(i) === "E" && rest.charAt(i - 1) === "(" && text === "select") return true;
  }
  return false;
}
