import { ATTACK, type Finding, isSpace, NOTE } from "./finding.ts";

const ACTIVE_TAGS = new Set(
  "script svg iframe object embed math base applet meta link style frameset foreignobject animate set template xml isindex bgsound".split(
    " ",
  ),
);
const SCHEMES = ["javascript:", "vbscript:", "livescript:", "data:text/html", "data:image/svg"];
const MAX_TAGS = 16;
const MAX_TAG = 512;

/** Reads a value as HTML would: tags that run or load something, attributes that are event handlers, URLs that are scripts. */
export function findMarkup(form: string, isProse: boolean): Finding | null {
  const reason = inTags(form, isProse) ?? fromAttribute(form) ?? scriptUrl(form, isProse);
  return reason === null
    ? null
    : { family: "xss", score: reason.startsWith("quoted") ? NOTE : ATTACK, reason };
}

function inTags(form: string, isProse: boolean): string | null {
  let at = -1;
  for (let seen = 0; seen < MAX_TAGS; seen += 1) {
    at = form.indexOf("<", at + 1);
    if (at < 0) return null;
    const tag = readName(form, at + 1);
    if (tag === "") continue;
    const body = form.slice(at + 1 + tag.length, at + MAX_TAG);
    if (isProse && form.charAt(at - 1) === "`") return "quoted markup";
    if (ACTIVE_TAGS.has(tag) && !(isProse && isMention(body))) return "active element";
    if (hasHandler(body)) return "event handler";
    if (hasScheme(body)) return "script url";
  }
  return null;
}

/** `<script> tags are…`: a closed, bare tag followed by a space, as people write when they speak of it. */
function isMention(body: string): boolean {
  return (
    body.startsWith("> ") || body.startsWith(">, ") || body.startsWith(">. ") || body === ">" || body === ">?"
  );
}

function readName(form: string, from: number): string {
  let i = form.charAt(from) === "!" || form.charAt(from) === "?" ? from + 1 : from;
  const start = i;
  while (i - start < 20 && (form.charCodeAt(i) | 32) >= 97 && (form.charCodeAt(i) | 32) <= 122) i += 1;
  return form.slice(start, i);
}

/** `onerror=` after a space, a slash or a quote, before the tag ends. */
function hasHandler(body: string): boolean {
  for (let i = 1; i < body.length; i += 1) {
    if (body.charAt(i) === "o" && body.charAt(i + 1) === "n" && separates(body.charCodeAt(i - 1))) {
      if (isAssignedName(body, i + 2)) return true;
    }
  }
  return false;
}

function separates(code: number): boolean {
  return isSpace(code) || code === 47 || code === 34 || code === 39 || code === 96;
}

function isAssignedName(text: string, from: number): boolean {
  const name = readName(text, from);
  let i = from + name.length;
  while (isSpace(text.charCodeAt(i))) i += 1;
  return name.length >= 3 && text.charAt(i) === "=";
}

/** `" onfocus=alert(1) autofocus x="`: no tag, the value stands in an attribute already. */
function fromAttribute(form: string): string | null {
  const quote = Math.min(...['"', "'", "`"].map((sign) => positionOf(form, sign)));
  if (quote > MAX_TAG) return null;
  return hasHandler(form.slice(quote, quote + MAX_TAG)) ? "attribute broken out of" : null;
}

function positionOf(form: string, sign: string): number {
  const at = form.indexOf(sign);
  return at < 0 ? Number.MAX_SAFE_INTEGER : at;
}

function scriptUrl(form: string, isProse: boolean): string | null {
  const start = squeezed(form);
  if (!SCHEMES.some((scheme) => start.startsWith(scheme))) return null;
  return isProse && form.includes(": ") ? "quoted script url" : "script url";
}

function hasScheme(body: string): boolean {
  for (let i = 0; i < body.length; i += 1) {
    if (body.charAt(i) !== "=") continue;
    const value = squeezed(body.slice(i + 1, i + 40));
    if (SCHEMES.some((scheme) => value.startsWith(scheme))) return true;
  }
  return false;
}

/** Browsers drop tabs, line breaks and leading controls in a URL; quotes may open the attribute. */
function squeezed(text: string): string {
  let plain = "";
  for (let i = 0; i < text.length && plain.length < 20; i += 1) {
    const code = text.charCodeAt(i);
    if (code > 32 && code !== 34 && code !== 39 && code !== 96) plain += text.charAt(i);
  }
  return plain;
}
