import { useEffect, useMemo } from "react";
import { useClient } from "../client-context.tsx";

const SAVE_AFTER_MS = 300;

/** Keeps a conversation's draft: a moment after the last change, and at once when one leaves. */
export function useDraft(conversationId: string): { save(text: string): void; flush(): void } {
  const client = useClient();
  const draft = useMemo(() => {
    let waiting: string | null = null;
    let timer: ReturnType<typeof setTimeout> | undefined;
    function flush() {
      clearTimeout(timer);
      if (waiting !== null) client.saveDraft(conversationId, waiting);
      waiting = null;
    }
    function save(text: string) {
      waiting = text;
      clearTimeout(timer);
      timer = setTimeout(flush, SAVE_AFTER_MS);
    }
    return { save, flush };
  }, [client, conversationId]);

  useEffect(() => {
    window.addEventListener("pagehide", draft.flush);
    return () => {
      window.removeEventListener("pagehide", draft.flush);
      draft.flush();
    };
  }, [draft]);
  return draft;
}
