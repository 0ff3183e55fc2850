import { ToastProvider } from "@rempart/ui";
import { RouterProvider } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import type { MessengerClient } from "../client/api.ts";
import { ClientContext } from "./client-context.tsx";
import type { Arrival } from "./door/arrival.ts";
import { ArrivalProvider } from "./door/arrival-context.tsx";
import { I18nProvider, useI18n } from "./i18n/context.tsx";
import { createAppRouter } from "./router.tsx";
import { AnnouncerProvider } from "./shell/announcer.tsx";

interface AppProps {
  client: MessengerClient;
  /** What the address brought along. */
  arrival: Arrival | null;
}

export function App({ client, arrival }: AppProps) {
  const [router] = useState(createAppRouter);
  return (
    <ClientContext value={client}>
      <ArrivalProvider first={arrival}>
        <I18nProvider>
          <Surroundings>
            <RouterProvider router={router} />
          </Surroundings>
        </I18nProvider>
      </ArrivalProvider>
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
