export type Shortcut = "search" | "compose" | "help" | "next" | "previous" | "details" | "settings" | "back";

/** What a key press looks like to us: the part of `KeyboardEvent` that decides. */
export interface KeyPress {
  readonly key: string;
  /** The key's place: Alt changes the letter on some systems. */
  readonly code: string;
  readonly altKey: boolean;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly shiftKey: boolean;
}

const WITH_ALT: Record<string, Shortcut> = {
  KeyN: "compose",
  KeyI: "details",
  Comma: "settings",
  ArrowUp: "previous",
  ArrowDown: "next",
};

/**
 * The shortcut of a key press, or null. No letter acts alone, so that nothing happens by accident to people who speak to
 * their computer (WCAG 2.2, 2.1.4); `?` and Escape act only outside of a text field.
 */
export function shortcutOf(press: KeyPress, typing: boolean): Shortcut | null {
  const { key, code, altKey, ctrlKey, metaKey, shiftKey } = press;
  const command = ctrlKey || metaKey;
  if (command && !altKey && !shiftKey && key.toLowerCase() === "k") return "search";
  if (command && !altKey && key === "/") return "help";
  if (altKey && !command && !shiftKey) return WITH_ALT[code] ?? null;
  if (altKey || command) return null;
  if (key === "Escape" && !typing) return "back";
  return null;
}
