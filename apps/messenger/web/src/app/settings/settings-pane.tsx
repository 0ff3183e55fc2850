import { Link, Outlet } from "@tanstack/react-router";
import { useI18n } from "../i18n/context.tsx";
import { BackLink } from "../shell/back-link.tsx";

/** The frame of the settings; its pages are in the folders beside. */
export function SettingsPane() {
  const { t } = useI18n();
  return (
    <div className="min-w-0 flex-1 overflow-y-auto bg-canvas">
      <header className="sticky top-0 z-10 flex min-h-16 flex-wrap items-center gap-x-4 gap-y-2 border-b border-line bg-surface px-2 py-2 md:px-5">
        <BackLink to="/" label={t.pane.backToList} className="md:hidden" />
        <h2 className="text-lg font-semibold">{t.settings.title}</h2>
        <nav
          aria-label={t.settings.title}
          className="flex basis-full gap-1 rounded-lg bg-sunken p-1 md:ms-auto md:basis-auto"
        >
          <PageLink to="/settings" exact label={t.settings.account} />
          <PageLink to="/settings/security" label={t.settings.security} />
          <PageLink to="/settings/devices" label={t.settings.devices} />
        </nav>
      </header>
      <div className="mx-auto flex max-w-2xl flex-col gap-5 px-4 py-6 sm:px-6">
        <Outlet />
      </div>
    </div>
  );
}

interface PageLinkProps {
  to: "/settings" | "/settings/security" | "/settings/devices";
  label: string;
  exact?: boolean;
}

function PageLink({ to, label, exact = false }: PageLinkProps) {
  return (
    <Link
      to={to}
      activeOptions={{ exact, includeSearch: false }}
      className="inline-flex min-h-9 flex-1 items-center justify-center rounded-md px-3 text-sm font-medium text-ink-soft hover:text-ink data-[status=active]:bg-raised data-[status=active]:text-ink data-[status=active]:shadow-low"
    >
      {label}
    </Link>
  );
}
