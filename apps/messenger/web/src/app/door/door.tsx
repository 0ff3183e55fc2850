import { useLocation } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import type { SignedOutReason } from "../../client/api.ts";
import { useI18n } from "../i18n/context.tsx";
import type { Catalogue } from "../i18n/en.ts";
import { useArrival } from "./arrival-context.tsx";
import { DoorFrame } from "./frame.tsx";
import { SignIn } from "./sign-in.tsx";
import { SignUp } from "./sign-up.tsx";

const Forgotten = lazy(() => import("./forgotten.tsx"));

export function Door({ reason }: { reason: SignedOutReason }) {
  const { t } = useI18n();
  return (
    <DoorFrame>
      <Reason text={reasonText(t, reason)} />
      <Suspense>
        <WayIn />
      </Suspense>
    </DoorFrame>
  );
}

function WayIn() {
  const { pathname } = useLocation();
  const { arrival } = useArrival();
  const invitation = arrival?.kind === "invitation" ? arrival.token : null;
  if (pathname === "/forgotten") return <Forgotten />;
  const signingUp = pathname === "/sign-up" || (invitation !== null && pathname !== "/sign-in");
  return signingUp ? <SignUp invitation={invitation} /> : <SignIn />;
}

function Reason({ text }: { text: string | null }) {
  if (text === null) return null;
  return (
    <p role="status" className="mb-6 rounded-lg bg-warning-soft px-4 py-3 text-on-warning-soft">
      {text}
    </p>
  );
}

function reasonText(t: Catalogue, reason: SignedOutReason): string | null {
  switch (reason) {
    case "none":
      return null;
    case "expired":
      return t.door.expired;
    case "device-removed":
      return t.door.deviceRemoved;
    case "suspended":
      return t.door.suspended;
    case "erased":
      return t.door.erased;
    case "erased-unrecorded":
      return t.door.erasedUnrecorded;
    case "erased-unconfirmed":
      return t.door.erasedUnconfirmed;
  }
}
