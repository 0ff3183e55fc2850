import { Segmented } from "@rempart/ui";
import { useI18n } from "../i18n/context.tsx";
import { LANGUAGE_NAMES, LANGUAGES } from "../i18n/language.ts";

/** `compact` hides the label from sight, not from screen readers. */
export function LanguageSwitch({ compact = false }: { compact?: boolean }) {
  const { t, language, setLanguage } = useI18n();
  return (
    <div className={compact ? "[&_legend]:sr-only" : undefined}>
      <Segmented
        label={t.door.language}
        value={language}
        onChange={setLanguage}
        options={LANGUAGES.map((value) => ({ value, label: LANGUAGE_NAMES[value] }))}
      />
    </div>
  );
}
