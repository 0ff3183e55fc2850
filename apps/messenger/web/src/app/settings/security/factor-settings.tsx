import { Badge } from "@rempart/ui";
import { useCallback, useState } from "react";
import type { RecoveryCodes } from "../../../client/api.ts";
import { useClient, useMe } from "../../client-context.tsx";
import { useI18n } from "../../i18n/context.tsx";
import { useRemote } from "../../use-remote.ts";
import { Card } from "../card.tsx";
import { Loaded } from "../remote-list.tsx";
import { AuthenticatorRow } from "./authenticator-row.tsx";
import { PasskeySettings } from "./passkey-settings.tsx";
import { RecoveryCodesDialog } from "./recovery-codes-dialog.tsx";
import { RecoveryRow } from "./recovery-row.tsx";

/** What stands beside the password: an authenticator app, passkeys, and the codes for when both are lost. */
export function FactorSettings() {
  const { t } = useI18n();
  const client = useClient();
  const [factors, reload] = useRemote(useCallback(() => client.factors(), [client]));
  const [codes, setCodes] = useState<RecoveryCodes>(null);

  /** New codes are shown once; nothing is new about those that the account has already. */
  async function changed(fresh: RecoveryCodes = null) {
    setCodes(fresh);
    await reload();
  }

  return (
    <>
      <Card title={t.security.factor} body={t.security.factorBody} aside={<Protection />}>
        <Loaded remote={factors} onRetry={reload}>
          {({ totp, recoveryCodesLeft }) => (
            <ul className="divide-y divide-line">
              <AuthenticatorRow totp={totp} onChanged={changed} />
              <RecoveryRow left={recoveryCodesLeft} onReplaced={changed} />
            </ul>
          )}
        </Loaded>
      </Card>
      <Card title={t.security.passkeys} body={t.security.passkeysBody}>
        <Loaded remote={factors} onRetry={reload}>
          {({ passkeys }) => <PasskeySettings passkeys={passkeys} onChanged={changed} />}
        </Loaded>
      </Card>
      {codes !== null && <RecoveryCodesDialog codes={codes} onClose={() => setCodes(null)} />}
    </>
  );
}

function Protection() {
  const { t } = useI18n();
  const { mfaEnabled, mfaRequired } = useMe();
  if (mfaEnabled) return <Badge tone="success">{t.security.on}</Badge>;
  if (mfaRequired) return <Badge tone="warning">{t.security.required}</Badge>;
  return <Badge>{t.security.off}</Badge>;
}
