import { Segmented } from "@rempart/ui";
import Monitor from "lucide-react/icons/monitor";
import Moon from "lucide-react/icons/moon";
import Sun from "lucide-react/icons/sun";
import { useI18n } from "../../i18n/context.tsx";
import { useTheme } from "../../theme.ts";

export function AppearanceSettings() {
  const { t } = useI18n();
  const [theme, setTheme] = useTheme();
  return (
    <Segmented
      label={t.settings.theme}
      value={theme}
      onChange={setTheme}
      options={[
        { value: "system", label: t.settings.themeSystem, icon: <Monitor size={15} aria-hidden="true" /> },
        { value: "light", label: t.settings.themeLight, icon: <Sun size={15} aria-hidden="true" /> },
        { value: "dark", label: t.settings.themeDark, icon: <Moon size={15} aria-hidden="true" /> },
      ]}
    />
  );
}
