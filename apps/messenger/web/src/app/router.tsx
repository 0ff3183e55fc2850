import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Navigate,
} from "@tanstack/react-router";
import { Gate } from "./gate.tsx";
import { EmptyPane } from "./shell/empty-pane.tsx";

const root = createRootRoute({ component: Gate, notFoundComponent: () => <Navigate to="/" replace /> });

const home = createRoute({ getParentRoute: () => root, path: "/", component: EmptyPane });

export const conversationRoute = createRoute({
  getParentRoute: () => root,
  path: "/c/$conversationId",
  component: lazyRouteComponent(() => import("./conversation/conversation-pane.tsx"), "ConversationPane"),
});

const details = createRoute({
  getParentRoute: () => conversationRoute,
  path: "/details",
  component: lazyRouteComponent(() => import("./details/details-pane.tsx"), "DetailsPane"),
});

const settings = createRoute({
  getParentRoute: () => root,
  path: "/settings",
  component: lazyRouteComponent(() => import("./settings/settings-pane.tsx"), "SettingsPane"),
});

const settingsPages = () => import("./settings/pages.tsx");

const accountSettings = createRoute({
  getParentRoute: () => settings,
  path: "/",
  component: lazyRouteComponent(settingsPages, "AccountPage"),
});

const securitySettings = createRoute({
  getParentRoute: () => settings,
  path: "/security",
  component: lazyRouteComponent(settingsPages, "SecurityPage"),
});

const deviceSettings = createRoute({
  getParentRoute: () => settings,
  path: "/devices",
  component: lazyRouteComponent(settingsPages, "DevicesPage"),
});

/** The gate shows these while nobody is signed in; afterwards they lead home. */
const toHome = () => <Navigate to="/" replace />;
const signIn = createRoute({ getParentRoute: () => root, path: "/sign-in", component: toHome });
const signUp = createRoute({ getParentRoute: () => root, path: "/sign-up", component: toHome });
const forgotten = createRoute({ getParentRoute: () => root, path: "/forgotten", component: toHome });

const routeTree = root.addChildren([
  home,
  conversationRoute.addChildren([details]),
  settings.addChildren([accountSettings, securitySettings, deviceSettings]),
  signIn,
  signUp,
  forgotten,
]);

export function createAppRouter() {
  return createRouter({ routeTree, defaultPreload: "intent", scrollRestoration: false });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof createAppRouter>;
  }
}
