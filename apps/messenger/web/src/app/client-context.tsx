import { createContext, useCallback, useContext, useMemo, useSyncExternalStore } from "react";
import type { ConversationView, Me, MessengerClient, Store, Timeline } from "../client/api.ts";

export const ClientContext = createContext<MessengerClient | null>(null);

export function useClient(): MessengerClient {
  const client = useContext(ClientContext);
  if (client === null) throw new TypeError("useClient() outside of <ClientContext>");
  return client;
}

export function useStore<T>(store: Store<T>): T {
  const subscribe = useCallback((changed: () => void) => store.subscribe(changed), [store]);
  return useSyncExternalStore(subscribe, () => store.get());
}

/** Who is signed in. Only for screens that exist while somebody is. */
export function useMe(): Me {
  const app = useStore(useClient().app);
  if (app.phase !== "ready") throw new TypeError("useMe() while nobody is signed in");
  return app.me;
}

export function useConversations(): readonly ConversationView[] | null {
  return useStore(useClient().conversations);
}

/** One conversation; undefined while the list is read for the first time, null when it is not there. */
export function useConversation(id: string): ConversationView | null | undefined {
  const all = useConversations();
  return useMemo(() => (all === null ? undefined : (all.find((each) => each.id === id) ?? null)), [all, id]);
}

export function useTimeline(conversationId: string): Timeline {
  const client = useClient();
  return useStore(useMemo(() => client.timeline(conversationId), [client, conversationId]));
}
