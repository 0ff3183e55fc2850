/** What this browser remembers about the look, not about anybody: kept in clear. */
type Setting = "language" | "theme";

const PREFIX = "rempart.";

/** Null when nothing was chosen, or when the browser keeps nothing. */
export function readSetting(setting: Setting): string | null {
  try {
    return localStorage.getItem(PREFIX + setting);
  } catch {
    return null;
  }
}

export function writeSetting(setting: Setting, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(PREFIX + setting);
    else localStorage.setItem(PREFIX + setting, value);
  } catch {
    // A browser that keeps nothing still shows the choice until the page is closed.
  }
}
