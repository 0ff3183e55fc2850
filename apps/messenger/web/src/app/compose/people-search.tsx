import type { User } from "@rempart/messaging/contract";
import { Avatar, Button, ListRow, Skeleton, TextField } from "@rempart/ui";
import { type ReactNode, useEffect, useState } from "react";
import { useMe } from "../client-context.tsx";
import { useI18n } from "../i18n/context.tsx";
import { useAnnounce } from "../shell/announcer.tsx";
import { type PeopleSearch, usePeopleSearch } from "./use-people-search.ts";

interface PeopleSearchProps {
  onPick: (person: User) => void;
  disabled?: boolean;
  /** People who cannot be picked, and what to say of them; null for those who can. */
  note?: (person: User) => string | null;
  autoFocus?: boolean;
}

/** A search box over everybody on this server, and who was found. */
export function PeopleSearchBox({
  onPick,
  disabled = false,
  note = () => null,
  autoFocus,
}: PeopleSearchProps) {
  const { t } = useI18n();
  const [query, setQuery] = useState("");
  const search = usePeopleSearch(query);
  return (
    <div className="flex flex-col gap-3">
      <TextField
        label={t.compose.searchLabel}
        hint={t.compose.searchHint}
        type="search"
        autoComplete="off"
        spellCheck={false}
        autoFocus={autoFocus}
        value={query}
        onChange={(event) => setQuery(event.target.value)}
      />
      <div className="min-h-44">
        <Found search={search} query={query.trim()} onRetry={search.again}>
          {(person) => (
            <PersonRow
              key={person.id}
              person={person}
              note={note(person)}
              disabled={disabled}
              onPick={() => onPick(person)}
            />
          )}
        </Found>
      </div>
    </div>
  );
}

interface FoundProps {
  search: PeopleSearch;
  query: string;
  onRetry: () => void;
  children: (person: User) => ReactNode;
}

function Found({ search, query, onRetry, children }: FoundProps) {
  const { t } = useI18n();
  const me = useMe();
  const announce = useAnnounce();
  const people = search.state === "found" ? search.people.filter((person) => person.id !== me.id) : null;
  const count = people?.length ?? null;
  useEffect(() => {
    if (count !== null) announce(count === 0 ? t.compose.nobody(query) : t.compose.results(count));
  }, [count, query, announce, t]);

  if (search.state === "searching") return <PeopleSkeleton />;
  if (search.state === "failed") {
    return (
      <div
        role="alert"
        className="flex items-center gap-3 rounded-lg bg-danger-soft px-4 py-3 text-on-danger-soft"
      >
        <span className="flex-1">{search.message}</span>
        <Button size="sm" onClick={onRetry}>
          {t.retry}
        </Button>
      </div>
    );
  }
  if (people === null) return null;
  if (people.length === 0) return <p className="py-3 text-ink-soft">{t.compose.nobody(query)}</p>;
  return <ul>{people.map((person) => children(person))}</ul>;
}

interface PersonRowProps {
  person: User;
  note: string | null;
  disabled: boolean;
  onPick: () => void;
}

function PersonRow({ person, note, disabled, onPick }: PersonRowProps) {
  return (
    <li>
      <button
        type="button"
        disabled={disabled || note !== null}
        onClick={onPick}
        className="w-full rounded-lg px-2 text-start transition-colors hover:bg-hover disabled:cursor-not-allowed disabled:opacity-60"
      >
        <ListRow
          leading={<Avatar id={person.id} name={person.name} size="sm" />}
          title={person.name}
          detail={note ?? person.email}
        />
      </button>
    </li>
  );
}

function PeopleSkeleton() {
  const { t } = useI18n();
  return (
    <div role="status" className="flex flex-col gap-4 px-2 pt-3">
      <span className="sr-only">{t.loading}</span>
      {["w-2/5", "w-3/5", "w-1/2"].map((width) => (
        <div key={width} className="flex items-center gap-3">
          <Skeleton className="size-9 rounded-full" />
          <Skeleton className={`h-3.5 ${width}`} />
        </div>
      ))}
    </div>
  );
}
