import { useEffect, useState } from "react";

/** What had the focus; for an entry of a menu, which goes away, the button that opened the menu. */
function openerOf(element: Element | null): HTMLElement | null {
  const menu = element?.closest("[role=menu]");
  const button = menu?.id ? document.querySelector(`[aria-controls="${CSS.escape(menu.id)}"]`) : null;
  const opener = button ?? element;
  return opener instanceof HTMLElement ? opener : null;
}

/** A dialog that is taken away as a whole, rather than closed, gives the focus back to what opened it. */
export function useFocusGivenBack(): void {
  const [opener] = useState(() => openerOf(document.activeElement));
  useEffect(
    () => () => {
      requestAnimationFrame(() => {
        if (document.activeElement === document.body && opener?.isConnected) opener.focus();
      });
    },
    [opener],
  );
}
