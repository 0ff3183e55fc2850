import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from "react";
import type { Arrival } from "./arrival.ts";
import { takeArrival } from "./take-arrival.ts";

interface Arrived {
  /** What this page was opened with, if anything. */
  readonly arrival: Arrival | null;
  /** It did its work, or is given up. */
  settle(): void;
}

const ArrivalContext = createContext<Arrived>({ arrival: null, settle: () => undefined });

export function ArrivalProvider({ first, children }: { first: Arrival | null; children: ReactNode }) {
  const [arrival, setArrival] = useState(first);
  useEffect(() => {
    // A link opened where the messenger is open already loads nothing: only the fragment changes.
    const onHashChange = () => setArrival((before) => takeArrival() ?? before);
    addEventListener("hashchange", onHashChange);
    return () => removeEventListener("hashchange", onHashChange);
  }, []);
  const value = useMemo(() => ({ arrival, settle: () => setArrival(null) }), [arrival]);
  return <ArrivalContext value={value}>{children}</ArrivalContext>;
}

export function useArrival(): Arrived {
  return useContext(ArrivalContext);
}
