import type { User } from "@rempart/messaging/contract";
import { useState } from "react";

/** People chosen one by one, each at most once. */
export function usePicked() {
  const [people, setPeople] = useState<readonly User[]>([]);
  return {
    people,
    ids: people.map((person) => person.id),
    add: (person: User) =>
      setPeople((now) => (now.some(({ id }) => id === person.id) ? now : [...now, person])),
    remove: (id: string) => setPeople((now) => now.filter((person) => person.id !== id)),
  };
}
