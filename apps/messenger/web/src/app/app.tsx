import { ToastProvider } from "@rempart/ui";
import { RouterProvider } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import type { MessengerClient } from "../client/api.ts";
import { ClientContext } from "./client-context.tsx";
import { InvitationContext } from "./door/invitation-context.ts";
import { I18nProvider, useI18n } from "./i18n/context.tsx";
import { createAppRouter } from "./router.tsx";
import { AnnouncerProvider } from "./shell/announcer.tsx";

interface AppProps {
  client: MessengerClient;
  /** Makes the account created with it an administrator's. */
  invitation: string | null;
}

export function App({ client, invitation }: AppProps) {
  const [router] = useState(createAppRouter);
  return (
    <ClientContext value={client}>
      <InvitationContext value={invitation}>
        <I18nProvider>
          <Surroundings>
            <RouterProvider router={router} />
          </Surroundings>
        </I18nProvider>
      </InvitationContext>
    </ClientContext>
  );
}

function Surroundings({ children }: { children: ReactNode }) {
  const { t } = useI18n();
  return (
    <AnnouncerProvider>
      <ToastProvider label={t.notifications} dismissLabel={t.dismiss}>
        {children}
      </ToastProvider>
    </AnnouncerProvider>
  );
}
