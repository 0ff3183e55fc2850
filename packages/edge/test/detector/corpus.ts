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

export const attacks: readonly Attack[] = readLines("attacks.txt").map((line) => {
  const [family = "", place = "", text = ""] = line.split("\t");
  return { family, place, text };
});
export const everyday = readLines("everyday.txt");
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

export function detectionRates(): Rates[] {
  const families = [...new Set(attacks.map(({ family }) => family))];
  return families.map((family) => {
    const own = attacks.filter((attack) => attack.family === family);
    return {
      family,
      texts: own.length,
      detected: own.filter((attack) => assess(attack).score >= THRESHOLD).length,
    };
  });
}

export function falsePositives(): string[] {
  const loud = everyday.filter((text) => assessEveryday(text).some(({ score }) => score >= THRESHOLD));
  return [...loud, ...prose.filter((text) => assess({ place: "body", text }).score >= THRESHOLD)];
}

/** What the README shows; printed by `table.ts`, compared by the test. */
export function ratesTable(): string {
  const rows = detectionRates().map(
    ({ family, texts, detected }) => `| ${family} | ${detected} of ${texts} |`,
  );
  const wrong = `| everyday text taken for an attack | ${falsePositives().length} of ${everyday.length + prose.length} |`;
  return ["| corpus | score of 5 or more |", "| --- | --- |", ...rows, wrong].join("\n");
}
