import { useEffect, useMemo } from "react";
import { useClient } from "../client-context.tsx";

/** Others are told again this often while one types, and that it stopped after this pause. */
const REPEAT_MS = 3000;
const PAUSE_MS = 5000;

/** Tells the others that one is typing, sparingly. */
export function useTypingSignal(conversationId: string): { signal(typing: boolean): void } {
  const client = useClient();
  const typing = useMemo(() => {
    let toldAt: number | null = null;
    let timer: ReturnType<typeof setTimeout> | undefined;
    function stop() {
      clearTimeout(timer);
      if (toldAt !== null) client.setTyping(conversationId, false);
      toldAt = null;
    }
    function signal(on: boolean) {
      if (!on) return stop();
      clearTimeout(timer);
      timer = setTimeout(stop, PAUSE_MS);
      const now = performance.now();
      if (toldAt !== null && now - toldAt < REPEAT_MS) return;
      toldAt = now;
      client.setTyping(conversationId, true);
    }
    return { signal, stop };
  }, [client, conversationId]);
  useEffect(() => typing.stop, [typing]);
  return typing;
}
