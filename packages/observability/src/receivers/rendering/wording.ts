import { english } from "./english.ts";
import { type Formats, formatsOf } from "./format.ts";
import { french } from "./french.ts";
import type { Phrases } from "./phrases.ts";

export type Language = "en" | "fr";

/** How an operator wants to be told. */
export interface Wording {
  readonly language: Language;
  /** Of the IANA database, as `Europe/Paris`. */
  readonly timeZone: string;
  /** Where `NAME.md` stands for each runbook, as in docs/runbooks; null: runbooks are named only. */
  readonly runbooks: URL | null;
  readonly console: URL | null;
}

/** A wording, ready to be used. */
export interface Voice {
  readonly wording: Wording;
  readonly phrases: Phrases;
  readonly formats: Formats;
}

const PHRASES: Readonly<Record<Language, Phrases>> = { en: english, fr: french };

export function voiceOf(wording: Wording): Voice {
  const phrases = PHRASES[wording.language];
  return { wording, phrases, formats: formatsOf(phrases.locale, wording.timeZone) };
}
