import { Outlet, useLocation } from "@tanstack/react-router";
import { clsx } from "clsx";
import { lazy, Suspense, useMemo, useRef, useState } from "react";
import { useI18n } from "../i18n/context.tsx";
import { ListPane } from "../list/list-pane.tsx";
import { StepUpProvider } from "../step-up/step-up-provider.tsx";
import { ConnectionBanner } from "./connection-banner.tsx";
import { KeyAlerts } from "./key-alerts.tsx";
import { MfaBanner } from "./mfa-banner.tsx";
import { type ShellActions, ShellActionsContext } from "./shell-actions.ts";
import { useArrivals } from "./use-arrivals.ts";
import { useFocusReturn } from "./use-focus-return.ts";
import { useShortcuts } from "./use-shortcuts.ts";

const ComposeDialog = lazy(() => import("../compose/compose-dialog.tsx"));
const HelpDialog = lazy(() => import("./help-dialog.tsx"));

type Opened = "none" | "compose" | "help";

/** The messenger's frame: list and content side by side where there is room, one at a time on a phone. */
export function Shell() {
  const { t } = useI18n();
  const atHome = useLocation().pathname === "/";
  const [opened, setOpened] = useState<Opened>("none");
  const search = useRef<HTMLInputElement>(null);
  const actions = useMemo<ShellActions>(
    () => ({ openCompose: () => setOpened("compose"), openHelp: () => setOpened("help") }),
    [],
  );
  useShortcuts({ ...actions, focusSearch: () => search.current?.focus(), enabled: opened === "none" });
  useArrivals();
  const list = useRef<HTMLElement>(null);
  useFocusReturn(list, !atHome, 'li a[tabindex="0"]');
  return (
    <StepUpProvider>
      <ShellActionsContext value={actions}>
        <div className="flex h-full flex-col">
          <a
            href="#content"
            className="sr-only z-50 rounded-md bg-primary px-4 py-2 font-medium text-on-primary focus:not-sr-only focus:absolute focus:start-3 focus:top-3"
          >
            {t.skipToContent}
          </a>
          <ConnectionBanner />
          <MfaBanner />
          <KeyAlerts />
          <main className="flex min-h-0 flex-1">
            <h1 className="sr-only">{t.productName}</h1>
            <nav
              ref={list}
              aria-label={t.list.title}
              className={clsx(
                "min-h-0 w-full shrink-0 flex-col border-line bg-surface md:flex md:border-e md:w-[min(20rem,40vw)] xl:w-[min(23rem,28vw)]",
                atHome ? "flex" : "hidden",
              )}
            >
              <ListPane searchRef={search} />
            </nav>
            <div
              id="content"
              tabIndex={-1}
              className={clsx("min-w-0 flex-1 outline-none md:flex", atHome ? "hidden" : "flex")}
            >
              <Outlet />
            </div>
          </main>
        </div>
        <Suspense>
          {opened === "compose" && <ComposeDialog onClose={() => setOpened("none")} />}
          {opened === "help" && <HelpDialog onClose={() => setOpened("none")} />}
        </Suspense>
      </ShellActionsContext>
    </StepUpProvider>
  );
}
