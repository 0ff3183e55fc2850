import { findCommand, findNoSql, findOperator, findTemplate } from "./code.ts";
import { decodedForms, type Form, MAX_VALUE } from "./decode.ts";
import type { Finding } from "./finding.ts";
import { findMarkup } from "./markup.ts";
import { findProbe, findScanner, findTraversal } from "./paths.ts";
import {
  ANGLE,
  BRACE,
  COLON,
  DOLLAR,
  DOT,
  EQUALS,
  OTHER,
  QUOTE,
  SEPARATOR,
  type Signs,
  SLASH,
} from "./signs.ts";
import { findSql } from "./sql.ts";

/** Where a value stood. In bodies people write sentences, so what only quotes an attack there is a note. */
export type Place = "path" | "query" | "header" | "body";

/** A finding with the place and the text it rests on: cut short, and with digits and letters outside markup masked. */
export interface Evidence extends Finding {
  readonly place: Place;
  readonly evidence: string;
}

/** Collects, of each family, the finding that weighs most. */
export class Assessment {
  readonly #byFamily = new Map<string, Evidence>();

  add(finding: Finding | null, place: Place, value: string): void {
    if (finding === null) return;
    const known = this.#byFamily.get(finding.family);
    if (known !== undefined && known.score >= finding.score) return;
    this.#byFamily.set(finding.family, { ...finding, place, evidence: masked(value) });
  }

  get score(): number {
    let score = 0;
    for (const { score: own } of this.#byFamily.values()) score += own;
    return score;
  }

  get findings(): readonly Evidence[] {
    return [...this.#byFamily.values()];
  }
}

const MAX_EVIDENCE = 80;
const MAX_WORD = 8;

/** Long runs of letters and digits may be secrets: their middle is not kept. Control characters would forge log lines. */
function masked(value: string): string {
  return value
    .slice(0, MAX_EVIDENCE)
    .split(/([^\p{L}\p{N}]+)/u)
    .map((part) => (part.length > MAX_WORD ? `${part.slice(0, 2)}***` : part))
    .join("")
    .replaceAll(/\p{C}/gu, "?");
}

/** A state machine, and the signs of which a text must have one for it to find anything. */
export interface Reader {
  readonly needs: Signs;
  readonly find: (form: string, isProse: boolean) => Finding | null;
}

export const READERS: readonly Reader[] = [
  { needs: ANGLE | EQUALS | COLON, find: findMarkup },
  { needs: SLASH | COLON | DOT, find: findTraversal },
  { needs: SEPARATOR, find: findCommand },
  { needs: BRACE | ANGLE, find: findTemplate },
  { needs: QUOTE, find: findNoSql },
];

export function inspectValue(assessment: Assessment, value: string, place: Place): void {
  const forms = decodedForms(value);
  if (isPlain(forms)) return;
  for (const form of forms) inspectForm(assessment, form, place, value);
}

/** Letters, digits, hyphens and underscores alone, sent as they are: most values end here. */
function isPlain([sent, decoded]: readonly Form[]): boolean {
  return decoded === undefined && ((sent as Form).signs & OTHER) === 0;
}

function inspectForm(assessment: Assessment, { text, signs }: Form, place: Place, value: string): void {
  const isProse = place === "body";
  if (place !== "path") assessment.add(findSql(text, isProse), place, value);
  for (const { needs, find } of READERS)
    if ((signs & needs) !== 0) assessment.add(find(text, isProse), place, value);
}

const MAX_PARAMETERS = 64;

/** Path and query of a request target. */
export function inspectTarget(assessment: Assessment, target: string): void {
  const at = target.indexOf("?");
  const path = at < 0 ? target : target.slice(0, at);
  inspectValue(assessment, path, "path");
  for (const { text } of decodedForms(path)) assessment.add(findProbe(text), "path", path);
  if (at >= 0) inspectQuery(assessment, target.slice(at + 1));
}

function inspectQuery(assessment: Assessment, query: string): void {
  let start = 0;
  for (let seen = 0; start < query.length && seen < MAX_PARAMETERS; seen += 1) {
    const ampersand = query.indexOf("&", start);
    const end = ampersand < 0 ? query.length : ampersand;
    const pair = query.slice(start, end);
    const equals = pair.indexOf("=");
    const name = equals < 0 ? pair : pair.slice(0, equals);
    inspectName(assessment, name, "query");
    if (equals >= 0) inspectValue(assessment, pair.slice(equals + 1).replaceAll("+", " "), "query");
    start = end + 1;
  }
}

function inspectName(assessment: Assessment, name: string, place: Place): void {
  const forms = decodedForms(name);
  if (isPlain(forms)) return;
  for (const form of forms) {
    if ((form.signs & DOLLAR) !== 0) assessment.add(findOperator(form.text), place, name);
    inspectForm(assessment, form, place, name);
  }
}

export function inspectAgent(assessment: Assessment, agent: string): void {
  const value = agent.slice(0, MAX_VALUE).toLowerCase();
  assessment.add(findScanner(value), "header", agent);
  assessment.add(findTemplate(value, false), "header", agent);
  assessment.add(findMarkup(value, false), "header", agent);
}

const MAX_NODES = 256;
const MAX_DEPTH = 8;

/** A parsed body: text, or the texts and names in a tree, up to bounds on both its nodes and its depth. */
export function inspectBody(assessment: Assessment, body: unknown): void {
  let nodes = 0;
  const visit = (node: unknown, depth: number): void => {
    nodes += 1;
    if (nodes > MAX_NODES || depth > MAX_DEPTH) return;
    if (typeof node === "string") inspectValue(assessment, node, "body");
    else if (Array.isArray(node))
      for (let i = 0; i < node.length && nodes <= MAX_NODES; i += 1) visit(node[i], depth + 1);
    else if (typeof node === "object" && node !== null) {
      for (const name in node) {
        if (nodes > MAX_NODES) return;
        inspectName(assessment, name, "body");
        visit((node as Record<string, unknown>)[name], depth + 1);
      }
    }
  };
  visit(body, 0);
}
