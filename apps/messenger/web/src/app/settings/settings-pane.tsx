import type { ReactNode } from "react";
import { useI18n } from "../i18n/context.tsx";
import { BackLink } from "../shell/back-link.tsx";
import { AppearanceSettings } from "./appearance-settings.tsx";
import { DeviceSettings } from "./device-settings.tsx";
import { LanguageSwitch } from "./language-switch.tsx";
import { ProfileSettings } from "./profile-settings.tsx";
import { SessionSettings } from "./session-settings.tsx";
import { SignOutSettings } from "./sign-out-settings.tsx";

export function SettingsPane() {
  const { t } = useI18n();
  return (
    <div className="min-w-0 flex-1 overflow-y-auto bg-canvas">
      <header className="sticky top-0 z-10 flex min-h-16 items-center gap-1 border-b border-line bg-surface px-2 md:px-5">
        <BackLink to="/" label={t.pane.backToList} className="md:hidden" />
        <h2 className="text-lg font-semibold">{t.settings.title}</h2>
      </header>
      <div className="mx-auto flex max-w-2xl flex-col gap-5 px-4 py-6 sm:px-6">
        <Card title={t.settings.profile}>
          <ProfileSettings />
        </Card>
        <Card title={t.settings.appearance}>
          <div className="flex flex-wrap gap-x-8 gap-y-4">
            <AppearanceSettings />
            <LanguageSwitch />
          </div>
        </Card>
        <Card title={t.settings.devices} body={t.settings.devicesBody}>
          <DeviceSettings />
        </Card>
        <Card title={t.settings.sessions} body={t.settings.sessionsBody}>
          <SessionSettings />
        </Card>
        <Card title={t.settings.signOut} body={t.settings.signOutBody}>
          <SignOutSettings />
        </Card>
      </div>
    </div>
  );
}

function Card({ title, body, children }: { title: string; body?: string; children: ReactNode }) {
  return (
    <section className="rounded-xl border border-line bg-surface p-5">
      <h3 className="font-semibold">{title}</h3>
      {body && <p className="mt-0.5 text-sm text-ink-soft">{body}</p>}
      <div className="mt-4">{children}</div>
    </section>
  );
}
