import { Avatar } from "@rempart/ui";
import { type ComponentProps, lazy, Suspense, useState } from "react";
import { useMe } from "../client-context.tsx";
import { useI18n } from "../i18n/context.tsx";

const loadMenu = () => import("./account-menu-open.tsx");
const OpenedMenu = lazy(loadMenu);

/** The code of menus is fetched when somebody reaches for this one: the first screen does without it. */
export function AccountMenu() {
  const [wanted, setWanted] = useState(false);
  const closed = (
    <AccountButton onPointerEnter={loadMenu} onFocus={loadMenu} onClick={() => setWanted(true)} />
  );
  if (!wanted) return closed;
  return (
    <Suspense fallback={closed}>
      <OpenedMenu />
    </Suspense>
  );
}

export function AccountButton(props: ComponentProps<"button">) {
  const { t } = useI18n();
  const me = useMe();
  return (
    <button
      type="button"
      aria-haspopup="menu"
      {...props}
      aria-label={t.menu.account}
      className="inline-flex size-11 items-center justify-center rounded-full"
    >
      <Avatar id={me.id} name={me.name} size="sm" />
    </button>
  );
}
