import { createContext, useContext } from "react";

/** What screens anywhere in the messenger may open. */
export interface ShellActions {
  readonly openCompose: () => void;
  readonly openHelp: () => void;
}

export const ShellActionsContext = createContext<ShellActions | null>(null);

export function useShellActions(): ShellActions {
  const actions = useContext(ShellActionsContext);
  if (actions === null) throw new TypeError("useShellActions() outside of the shell");
  return actions;
}
