import { en } from "./en.ts";
import { fr } from "./fr.ts";

export const CATALOGUES = { en, fr } as const;

export type Language = keyof typeof CATALOGUES;

/** Each language by its own name, for the switch. */
export const LANGUAGE_NAMES: Record<Language, string> = { en: "English", fr: "Français" };

export const LANGUAGES = Object.keys(CATALOGUES) as Language[];

export function isLanguage(text: string | null): text is Language {
  return text !== null && Object.hasOwn(CATALOGUES, text);
}

/** The chosen language if there is one, else the first of the browser's that we speak, else English. */
export function pickLanguage(chosen: string | null, wanted: readonly string[]): Language {
  if (isLanguage(chosen)) return chosen;
  for (const tag of wanted) {
    const base = tag.toLowerCase().split("-")[0] ?? "";
    if (isLanguage(base)) return base;
  }
  return "en";
}

/** Some systems name a locale in a way `Intl` refuses, such as "en-US@posix". */
function isUsable(tag: string): boolean {
  try {
    return Intl.DateTimeFormat.supportedLocalesOf(tag).length > 0;
  } catch {
    return false;
  }
}

/** The browser's own variant of a language, such as en-GB, so that dates are written as its reader expects. */
export function regionalTag(language: Language, wanted: readonly string[]): string {
  return wanted.find((tag) => tag.toLowerCase().startsWith(`${language}-`) && isUsable(tag)) ?? language;
}
