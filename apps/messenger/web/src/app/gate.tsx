import { useClient, useStore } from "./client-context.tsx";
import { Door } from "./door/door.tsx";
import { Elsewhere, Failed, Starting } from "./door/states.tsx";
import { Shell } from "./shell/shell.tsx";

/** What the page is at this moment: one of the states before somebody is signed in, or the messenger. */
export function Gate() {
  const app = useStore(useClient().app);
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
      return <Shell />;
  }
}
