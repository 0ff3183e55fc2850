import { createContext, type ReactNode, useCallback, useContext, useRef, useState } from "react";

type Announce = (text: string) => void;

const AnnouncerContext = createContext<Announce>(() => {});

/** Says things to screen readers, politely, without showing them. */
export function AnnouncerProvider({ children }: { children: ReactNode }) {
  const [text, setText] = useState("");
  const count = useRef(0);
  const announce = useCallback<Announce>((next) => {
    count.current += 1;
    // The same sentence twice is a change only if something in it differs.
    setText(count.current % 2 === 0 ? next : `${next}\u200b`);
  }, []);
  return (
    <AnnouncerContext value={announce}>
      {children}
      <div role="status" aria-live="polite" className="sr-only">
        {text}
      </div>
    </AnnouncerContext>
  );
}

export function useAnnounce(): Announce {
  return useContext(AnnouncerContext);
}
