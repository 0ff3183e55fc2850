import { ATTACK, type AttackFamily, type Finding, isSpace, isWord, NOTE } from "./finding.ts";
import { SEPARATOR, signsAt } from "./signs.ts";

const COMMANDS = new Set(
  "cat ls id whoami uname wget curl nc ncat netcat bash sh zsh dash ping sleep rm chmod chown python python3 perl ruby php powershell cmd certutil nslookup dig ifconfig ipconfig net dir type echo printenv env ps kill touch mkfifo telnet ftp tftp base64 head tail more find grep awk sed tee xargs hostname set".split(
    " ",
  ),
);
const SEPARATORS = ";|&\n`";
const MAX_STARTS = 64;

/** A shell's separator or substitution with a known command behind it, and something that no sentence has around it. */
export function findCommand(form: string, isProse: boolean): Finding | null {
  for (let i = 0, seen = 0; i < form.length && seen < MAX_STARTS; i += 1) {
    if ((signsAt(form, i) & SEPARATOR) === 0) continue;
    const sign = form.charAt(i);
    const isSubstitution = sign === "$" && form.charAt(i + 1) === "(";
    if (sign === "$" && !isSubstitution) continue;
    seen += 1;
    if (!startsCommand(form, i + (isSubstitution ? 2 : 1), sign)) continue;
    return finding(
      "command",
      isProse ? NOTE : ATTACK,
      isSubstitution ? "substitution" : "command after separator",
    );
  }
  return null;
}

function startsCommand(form: string, from: number, sign: string): boolean {
  let start = from;
  while (isSpace(form.charCodeAt(start)) || SEPARATORS.includes(form.charAt(start) || "x")) start += 1;
  const word = unquoted(form, start);
  const name = word.text.slice(word.text.lastIndexOf("/") + 1);
  if (!COMMANDS.has(name)) return false;
  const next = form.charAt(word.end);
  if (next === "" || ";|&)`<>$\n".includes(next)) return true;
  return isSpace(form.charCodeAt(word.end))
    ? sign !== "&" || form.charAt(from - 2) === "&" || isArgument(form, word.end)
    : false;
}

/** `& dir c:\` is a command, `Johnson & Sleep well` a sentence. */
function isArgument(form: string, from: number): boolean {
  let at = from;
  while (isSpace(form.charCodeAt(at))) at += 1;
  return "-/.~$".includes(form.charAt(at) || "x");
}

/** A shell drops quotes and backslashes inside a word: `c'a't` is `cat`. */
function unquoted(form: string, from: number): { readonly text: string; readonly end: number } {
  let text = "";
  let i = from;
  for (; i < form.length && text.length < 40; i += 1) {
    const code = form.charCodeAt(i);
    if (code === 39 || code === 34 || code === 92) continue;
    if (form.startsWith("{ifs}", i + 1) || form.startsWith("$ifs", i)) break;
    if (!(isWord(code) || code === 47 || code === 46 || code === 45)) break;
    text += form.charAt(i);
  }
  return { text, end: i };
}

const OPENINGS: readonly (readonly [string, string])[] = [
  ["{{", "}}"],
  ["${", "}"],
  ["#{", "}"],
  ["<%", "%>"],
  ["{%", "%}"],
  ["*{", "}"],
  ["@{", "}"],
];
const REACHES = [
  "__class__",
  "__globals__",
  "__mro__",
  "__import__",
  "constructor",
  "getruntime",
  "java.lang",
  "process.",
  "require(",
  "config",
  "self.",
  "request.",
  "jndi:",
  "exec(",
  "system(",
  "popen(",
  "freemarker",
  "t(java",
  "file.open",
  "env:",
  "lipsum",
  "cycler",
  "settings.",
  "_self.env",
];
const MAX_EXPRESSION = 256;

/** A template's brackets around arithmetic or around names that reach the process. */
export function findTemplate(form: string, isProse: boolean): Finding | null {
  for (const [open, close] of OPENINGS) {
    const at = form.indexOf(open);
    if (at < 0) continue;
    const start = at + open.length;
    const end = form.slice(start, start + MAX_EXPRESSION).indexOf(close);
    const expression = end < 0 ? form.slice(start, start + MAX_EXPRESSION) : form.slice(start, start + end);
    if (form.includes("${jndi:") || form.includes("${${"))
      return finding("template", ATTACK, "lookup expression");
    if (end < 0) continue;
    if (REACHES.some((name) => expression.includes(name)) || isArithmetic(expression))
      return finding("template", isProse ? NOTE : ATTACK, "expression in template brackets");
  }
  return null;
}

function isArithmetic(expression: string): boolean {
  const text = expression.trim();
  let hasSign = false;
  for (let i = 0; i < text.length; i += 1) {
    const sign = text.charAt(i);
    if ("*+-".includes(sign)) hasSign = true;
    else if (!((sign >= "0" && sign <= "9") || "'\"= ()".includes(sign))) return false;
  }
  return hasSign && text.length >= 3;
}

const OPERATORS = new Set(
  "$ne $eq $gt $gte $lt $lte $in $nin $or $and $nor $not $regex $where $exists $expr $type $jsonschema $function $accumulator $size $all $elemmatch $mod $text".split(
    " ",
  ),
);

/** A name that is an operator of a document database: `user[$ne]`, or the key `$where`. */
export function findOperator(name: string): Finding | null {
  for (let at = name.indexOf("$"); at >= 0; at = name.indexOf("$", at + 1)) {
    let end = at + 1;
    while (isWord(name.charCodeAt(end)) && name.charAt(end) !== "$") end += 1;
    const before = name.charAt(at - 1);
    if ((at === 0 || before === "[" || before === ".") && OPERATORS.has(name.slice(at, end)))
      return finding("nosql", ATTACK, "query operator as a name");
  }
  return null;
}

const BREAK_OUTS = ["'||", "' ||", "';", "'&&"];
const SCRIPTS = ["this.", "return true", "return(true", "while(true", "sleep("];

/** `{"$gt":""}` as the text of a value, and JavaScript behind a quote as `$where` runs it. */
export function findNoSql(form: string, isProse: boolean): Finding | null {
  const at = form.indexOf('"$');
  if (at >= 0 && form.lastIndexOf("{", at) >= 0 && findOperator(form.slice(at + 1, at + 24)) !== null)
    return finding("nosql", isProse ? NOTE : ATTACK, "query operator in a document");
  const isIn = (text: string): boolean => form.includes(text);
  return BREAK_OUTS.some(isIn) && SCRIPTS.some(isIn)
    ? finding("nosql", ATTACK, "script after a quote")
    : null;
}

function finding(family: AttackFamily, score: number, reason: string): Finding {
  return { family, score, reason };
}
