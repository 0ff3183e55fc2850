import { useI18n } from "../i18n/context.tsx";
import { AppearanceSettings } from "./account/appearance-settings.tsx";
import { EmailSettings } from "./account/email-settings.tsx";
import { EraseSettings } from "./account/erase-settings.tsx";
import { ProfileSettings } from "./account/profile-settings.tsx";
import { SignOutSettings } from "./account/sign-out-settings.tsx";
import { Card } from "./card.tsx";
import { DeviceSettings } from "./devices/device-settings.tsx";
import { SessionSettings } from "./devices/session-settings.tsx";
import { LanguageSwitch } from "./language-switch.tsx";
import { FactorSettings } from "./security/factor-settings.tsx";
import { PasswordSettings } from "./security/password-settings.tsx";

export function AccountPage() {
  const { t } = useI18n();
  return (
    <>
      <Card title={t.settings.profile}>
        <ProfileSettings />
      </Card>
      <EmailSettings />
      <Card title={t.settings.appearance}>
        <div className="flex flex-wrap gap-x-8 gap-y-4">
          <AppearanceSettings />
          <LanguageSwitch />
        </div>
      </Card>
      <Card title={t.settings.signOut} body={t.settings.signOutBody}>
        <SignOutSettings />
      </Card>
      <Card title={t.settings.eraseTitle} body={t.settings.eraseBody}>
        <EraseSettings />
      </Card>
    </>
  );
}

export function SecurityPage() {
  const { t } = useI18n();
  return (
    <>
      <FactorSettings />
      <Card title={t.settings.password} body={t.settings.passwordBody}>
        <PasswordSettings />
      </Card>
    </>
  );
}

export function DevicesPage() {
  const { t } = useI18n();
  return (
    <>
      <Card title={t.settings.devices} body={t.settings.devicesBody}>
        <DeviceSettings />
      </Card>
      <Card title={t.settings.sessions} body={t.settings.sessionsBody}>
        <SessionSettings />
      </Card>
    </>
  );
}
