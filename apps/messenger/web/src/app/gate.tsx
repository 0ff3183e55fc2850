import { lazy, Suspense, useEffect } from "react";
import { useClient, useStore } from "./client-context.tsx";
import { useArrival } from "./door/arrival-context.tsx";
import { Door } from "./door/door.tsx";
import { Elsewhere, Failed, Starting } from "./door/states.tsx";

/** Fetched while the worker starts: the door is shown without waiting for the messenger's own code. */
const loadShell = async () => ({ default: (await import("./shell/shell.tsx")).Shell });
const Shell = lazy(loadShell);
const LinkDoor = lazy(() => import("./door/link-door.tsx"));

/** What the page is at this moment: where a mail's link leads, one of the states before somebody is signed in, or the messenger. */
export function Gate() {
  const app = useStore(useClient().app);
  const { arrival } = useArrival();
  useEffect(() => void loadShell(), []);
  if (arrival !== null && arrival.kind !== "invitation") {
    return (
      <Suspense fallback={<Starting />}>
        <LinkDoor key={arrival.token} kind={arrival.kind} token={arrival.token} />
      </Suspense>
    );
  }
  switch (app.phase) {
    case "starting":
      return <Starting />;
    case "signed-out":
      return <Door reason={app.reason} />;
    case "elsewhere":
      return <Elsewhere />;
    case "failed":
      return <Failed code={app.code} />;
    case "ready":
      return (
        <Suspense fallback={<Starting />}>
          <Shell />
        </Suspense>
      );
  }
}
