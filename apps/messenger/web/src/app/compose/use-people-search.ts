import type { User } from "@rempart/messaging/contract";
import { useEffect, useState } from "react";
import { useClient } from "../client-context.tsx";
import { failureText } from "../commands.ts";
import { useI18n } from "../i18n/context.tsx";

const PAUSE_MS = 250;
/** The server refuses shorter ones: they would list everybody. */
const SHORTEST_QUERY = 2;

export type PeopleSearch =
  | { readonly state: "idle" }
  | { readonly state: "searching" }
  | { readonly state: "found"; readonly people: readonly User[] }
  | { readonly state: "failed"; readonly message: string };

/** Searches once the typing pauses; an answer that comes after the next question is dropped. */
export function usePeopleSearch(query: string): PeopleSearch & { readonly again: () => void } {
  const { t } = useI18n();
  const client = useClient();
  const [search, setSearch] = useState<PeopleSearch>({ state: "idle" });
  const [round, setRound] = useState(0);
  const wanted = query.trim();

  // biome-ignore lint/correctness/useExhaustiveDependencies: `round` asks the same question again
  useEffect(() => {
    if (wanted.length < SHORTEST_QUERY) return setSearch({ state: "idle" });
    let current = true;
    setSearch({ state: "searching" });
    const timer = setTimeout(async () => {
      const result = await client.searchUsers(wanted);
      if (!current) return;
      if (result.ok) setSearch({ state: "found", people: result.value });
      else setSearch({ state: "failed", message: failureText(t, result) });
    }, PAUSE_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [wanted, client, t, round]);

  return { ...search, again: () => setRound((count) => count + 1) };
}
