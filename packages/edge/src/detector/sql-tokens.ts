import { isSpace, isWord } from "./finding.ts";

/**
 * One letter per token, as libinjection does: `1` number, `s` string, `n` name, `o` operator, `&` and/or, `U` union, `E` a
 * statement's verb, `K` another keyword, `f` function, `c` comment, `(`, `)`, `,`, `;`.
 */
export type Fingerprint = string;

export interface SqlTokens {
  readonly kinds: Fingerprint;
  readonly texts: readonly string[];
}

/** Beyond these an attack has shown itself. */
const MAX_TOKENS = 40;

const KEYWORDS: Readonly<Record<string, string>> = {
  ...words("U", "union intersect except"),
  ...words(
    "E",
    "select insert update delete drop alter create truncate exec execute declare merge grant shutdown call",
  ),
  ...words("&", "and or xor"),
  ...words("o", "like rlike regexp in is between not div mod sounds ilike"),
  ...words("1", "null true false"),
  ...words(
    "K",
    "from where having group order by limit offset into table set values procedure case when then else end all distinct as outfile dumpfile database schema waitfor delay if exists column index view user asc",
  ),
};

/** Names of functions that have no business in a parameter, counted only with a parenthesis behind them. */
export const SQL_FUNCTIONS = new Set(
  "sleep benchmark pg_sleep extractvalue updatexml load_file concat concat_ws group_concat char chr ascii substring substr mid hex unhex count database version user current_user system_user length ord if ifnull cast convert randomblob xp_cmdshell dbms_pipe utl_http load_extension iif left right lower upper make_set elt exp floor rand sqlite_version json_extract row_count".split(
    " ",
  ),
);

function words(kind: string, list: string): Record<string, string> {
  return Object.fromEntries(list.split(" ").map((word) => [word, kind]));
}

/** Reads `text` as SQL from `from` on, in one pass, up to `most` tokens. */
export function sqlTokens(text: string, from: number, most = MAX_TOKENS): SqlTokens {
  const texts: string[] = [];
  let kinds = "";
  for (let i = from; i < text.length && texts.length < most; ) {
    const code = text.charCodeAt(i);
    if (isSpace(code)) {
      i += 1;
      continue;
    }
    const end = tokenEnd(text, i);
    const token = text.slice(i, Math.min(end, i + 64));
    const kind = kindOf(text, token, end);
    if (kind !== "") {
      kinds += kind;
      texts.push(token);
    }
    i = end;
  }
  return { kinds, texts };
}

function tokenEnd(text: string, at: number): number {
  const code = text.charCodeAt(at);
  const two = text.slice(at, at + 2);
  if (two === "/*") return commentEnd(text, at);
  if (two === "--" || code === 35) return lineEnd(text, at);
  if (code === 39 || code === 34 || code === 96) return stringEnd(text, at, code);
  if (code === 64) return wordEnd(text, at + (text.charCodeAt(at + 1) === 64 ? 2 : 1));
  if (isWord(code)) return wordEnd(text, at);
  return OPERATORS.has(two) ? at + 2 : at + 1;
}

const OPERATORS = new Set(["||", "&&", "<>", "!=", "<=", ">=", "==", ":=", "::", "<<", ">>"]);
const SINGLE_OPERATORS = "=<>+-*/%^~!|&";

/** MySQL runs what stands in a comment that begins with an exclamation mark: only its opening is skipped. */
function commentEnd(text: string, at: number): number {
  if (text.charAt(at + 2) === "!") {
    let i = at + 3;
    while (text.charCodeAt(i) >= 48 && text.charCodeAt(i) <= 57) i += 1;
    return i;
  }
  const end = text.indexOf("*/", at + 2);
  return end < 0 ? text.length : end + 2;
}

function lineEnd(text: string, at: number): number {
  const end = text.indexOf("\n", at);
  return end < 0 ? text.length : end + 1;
}

function stringEnd(text: string, at: number, quote: number): number {
  for (let i = at + 1; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code === 92) i += 1;
    else if (code === quote) return i + 1;
  }
  return text.length;
}

function wordEnd(text: string, at: number): number {
  let i = at;
  while (i < text.length && (isWord(text.charCodeAt(i)) || text.charCodeAt(i) === 46)) i += 1;
  return Math.max(i, at);
}

/** Empty for a comment in the middle: it stands for a space. */
function kindOf(text: string, token: string, end: number): string {
  const first = token.charAt(0);
  if (token.startsWith("/*")) return end >= text.length ? "c" : "";
  if (token.startsWith("--") || first === "#") return "c";
  if (first === "'" || first === '"') return "s";
  if (first === "`" || first === "@") return "n";
  if ("(),;".includes(first)) return first;
  if (token === "&&" || token === "||") return "&";
  if (OPERATORS.has(token) || SINGLE_OPERATORS.includes(first)) return "o";
  if (first >= "0" && first <= "9") return isNumber(token) ? "1" : "n";
  return wordKind(text, token, end);
}

function isNumber(token: string): boolean {
  if (token.startsWith("0x")) return true;
  for (let i = 0; i < token.length; i += 1) {
    const code = token.charCodeAt(i);
    if (code !== 46 && code !== 101 && (code < 48 || code > 57)) return false;
  }
  return true;
}

function wordKind(text: string, token: string, end: number): string {
  const keyword = Object.hasOwn(KEYWORDS, token) ? (KEYWORDS[token] as string) : "";
  if (keyword !== "") return keyword;
  let i = end;
  while (isSpace(text.charCodeAt(i))) i += 1;
  if (text.charCodeAt(i) === 40) return "f";
  return isWord(token.charCodeAt(0)) ? "n" : "";
}
