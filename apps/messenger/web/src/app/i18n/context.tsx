import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from "react";
import { onSettingElsewhere, readSetting, writeSetting } from "../preferences.ts";
import type { Catalogue } from "./en.ts";
import { type Format, formatIn } from "./format.ts";
import { CATALOGUES, type Language, pickLanguage, regionalTag } from "./language.ts";

interface I18n {
  readonly language: Language;
  readonly setLanguage: (language: Language) => void;
  readonly t: Catalogue;
  readonly format: Format;
}

const I18nContext = createContext<I18n | null>(null);

function readLanguage(): Language {
  return pickLanguage(readSetting("language"), navigator.languages);
}

export function I18nProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState(readLanguage);
  useEffect(() => onSettingElsewhere("language", () => setLanguage(readLanguage())), []);
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  const value = useMemo<I18n>(() => {
    const t = CATALOGUES[language];
    return {
      language,
      setLanguage(next) {
        writeSetting("language", next);
        setLanguage(next);
      },
      t,
      format: formatIn(regionalTag(language, navigator.languages), t),
    };
  }, [language]);
  return <I18nContext value={value}>{children}</I18nContext>;
}

/** The sentences and formats of the language in use. */
export function useI18n(): I18n {
  const value = useContext(I18nContext);
  if (value === null) throw new TypeError("useI18n() outside of <I18nProvider>");
  return value;
}
