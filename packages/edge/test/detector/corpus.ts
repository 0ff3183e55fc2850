import { readFileSync } from "node:fs";
import {
  Assessment,
  inspectAgent,
  inspectBody,
  inspectTarget,
  inspectValue,
} from "../../src/detector/inspect.ts";

export interface Attack {
  readonly family: string;
  readonly place: string;
  readonly text: string;
}

export function readLines(name: string): string[] {
  const text = readFileSync(new URL(name, import.meta.url), "utf8");
  return text.split("\n").filter((line, i) => i > 0 && line !== "");
}

function readAttacks(name: string): Attack[] {
  return readLines(name).map((line) => {
    const [family = "", place = "", text = ""] = line.split("\t");
    return { family, place, text };
  });
}

export const attacks: readonly Attack[] = readAttacks("attacks.txt");
export const everyday = readLines("everyday.txt");
/** Written before anyone knew how the detector fares with them, and never used to change it. */
export const heldOutAttacks: readonly Attack[] = readAttacks("held-out-attacks.txt");
export const heldOutEveryday = readLines("held-out-everyday.txt");
export const prose = readLines("prose.txt");
export const THRESHOLD = 5;

export function assess({ place, text }: Omit<Attack, "family">): Assessment {
  const assessment = new Assessment();
  if (place === "path") inspectTarget(assessment, text);
  else if (place === "name") inspectTarget(assessment, `/?${text}=1`);
  else if (place === "key") inspectBody(assessment, { [text]: "" });
  else if (place === "agent") inspectAgent(assessment, text);
  else if (place === "body") inspectBody(assessment, { text });
  else if (place === "header") inspectValue(assessment, text, "header");
  else inspectTarget(assessment, `/search?q=${asSent(text)}`);
  return assessment;
}

/** Attackers encode what would end the parameter; the rest of the corpus stands as it is sent. */
function asSent(text: string): string {
  return text.replaceAll("&", "%26");
}

export function assessEveryday(text: string): readonly Assessment[] {
  return [assess({ place: "body", text }), assess({ place: "query", text: encodeURIComponent(text) })];
}

export interface Rates {
  readonly family: string;
  readonly texts: number;
  readonly detected: number;
}

export function detectionRates(corpus: readonly Attack[]): Rates[] {
  const families = [...new Set(corpus.map(({ family }) => family))];
  return families.map((family) => {
    const own = corpus.filter((attack) => attack.family === family);
    return { family, texts: own.length, detected: own.length - missed(own).length };
  });
}

export function missed(corpus: readonly Attack[]): Attack[] {
  return corpus.filter((attack) => assess(attack).score < THRESHOLD);
}

export function falsePositives(): string[] {
  return [...loud(everyday), ...prose.filter((text) => assess({ place: "body", text }).score >= THRESHOLD)];
}

export function loud(texts: readonly string[]): string[] {
  return texts.filter((text) => assessEveryday(text).some(({ score }) => score >= THRESHOLD));
}

type Part = Pick<Rates, "detected" | "texts">;

function row(name: string, ...parts: readonly (Part | undefined)[]): string {
  const cells = parts.map((part) => (part === undefined ? "" : `${part.detected} of ${part.texts}`));
  return `| ${[name, ...cells].join(" | ")} |`;
}

/** What the README shows; printed by `table.ts`, compared by the test. */
export function ratesTable(): string {
  const heldOut = new Map(detectionRates(heldOutAttacks).map((rates) => [rates.family, rates]));
  const rows = detectionRates(attacks).map((rates) => row(rates.family, rates, heldOut.get(rates.family)));
  const wrong = row(
    "everyday text taken for an attack",
    { detected: falsePositives().length, texts: everyday.length + prose.length },
    { detected: loud(heldOutEveryday).length, texts: heldOutEveryday.length },
  );
  return ["| score of 5 or more | corpus | held out |", "| --- | --- | --- |", ...rows, wrong].join("\n");
}
