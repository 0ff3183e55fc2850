import { useNavigate, useParams } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { useConversations } from "../client-context.tsx";
import { type Shortcut, shortcutOf } from "./shortcut-of.ts";

interface ShortcutTargets {
  readonly openCompose: () => void;
  readonly openHelp: () => void;
  readonly focusSearch: () => void;
  /** False while a dialog is open: its keys are its own. */
  readonly enabled: boolean;
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches("input, textarea, select, [contenteditable]");
}

/** Listens for the shortcuts of the whole messenger. */
export function useShortcuts(targets: ShortcutTargets): void {
  const navigate = useNavigate();
  const conversations = useConversations();
  const { conversationId } = useParams({ strict: false });

  function neighbour(step: 1 | -1) {
    const list = conversations ?? [];
    const index = list.findIndex((each) => each.id === conversationId);
    const next = list[index === -1 ? 0 : index + step];
    if (next) void navigate({ to: "/c/$conversationId", params: { conversationId: next.id } });
  }

  const act: Record<Shortcut, () => void> = {
    search: targets.focusSearch,
    compose: targets.openCompose,
    help: targets.openHelp,
    next: () => neighbour(1),
    previous: () => neighbour(-1),
    settings: () => void navigate({ to: "/settings" }),
    details: () => {
      if (conversationId === undefined) return;
      void navigate({ to: "/c/$conversationId/details", params: { conversationId } });
    },
    back: () => void navigate({ to: "/" }),
  };
  const latest = useRef(act);
  latest.current = act;

  const { enabled } = targets;
  useEffect(() => {
    if (!enabled) return;
    function onKeyDown(event: KeyboardEvent) {
      if (event.defaultPrevented || event.isComposing) return;
      const shortcut = shortcutOf(event, isTyping(event.target));
      if (shortcut === null) return;
      event.preventDefault();
      latest.current[shortcut]();
    }
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, [enabled]);
}
