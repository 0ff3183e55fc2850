import { useEffect, useState } from "react";
import { onSettingElsewhere, readSetting, writeSetting } from "./preferences.ts";

export type Theme = "system" | "light" | "dark";

export function readTheme(): Theme {
  const stored = readSetting("theme");
  return stored === "light" || stored === "dark" ? stored : "system";
}

function applyTheme(theme: Theme): void {
  const root = document.documentElement;
  if (theme === "system") root.removeAttribute("data-theme");
  else root.setAttribute("data-theme", theme);
}

/** Follows the choice of another tab. Returns how to stop. */
export function followTheme(): () => void {
  return onSettingElsewhere("theme", () => applyTheme(readTheme()));
}

/** The theme in use and the way to change it. `public/early.js` applies the stored one before the first paint. */
export function useTheme(): [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useState(readTheme);
  useEffect(() => onSettingElsewhere("theme", () => setTheme(readTheme())), []);
  return [
    theme,
    (next) => {
      writeSetting("theme", next === "system" ? null : next);
      applyTheme(next);
      setTheme(next);
    },
  ];
}
