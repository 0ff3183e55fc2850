import { lazy, Suspense } from "react";
import { useClient, useStore } from "../client-context.tsx";

const KeyAlertBanners = lazy(() => import("./key-alert-banners.tsx"));

/** What the owner of the account must know of its keys, above everything else until it is answered. Mostly nothing. */
export function KeyAlerts() {
  const alerts = useStore(useClient().keyAlerts);
  if (alerts.length === 0) return null;
  return (
    <Suspense>
      <KeyAlertBanners alerts={alerts} />
    </Suspense>
  );
}
