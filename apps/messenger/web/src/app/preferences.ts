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

/** Calls back when another tab of this browser has made or withdrawn a choice. Returns how to stop. */
export function onSettingElsewhere(setting: Setting, changed: () => void): () => void {
  // Without a key, everything was cleared.
  const heard = ({ key }: StorageEvent): void => {
    if (key === null || key === PREFIX + setting) changed();
  };
  addEventListener("storage", heard);
  return () => removeEventListener("storage", heard);
}
