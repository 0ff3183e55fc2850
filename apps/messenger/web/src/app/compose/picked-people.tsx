import type { User } from "@rempart/messaging/contract";
import { Avatar } from "@rempart/ui";
import X from "lucide-react/icons/x";
import { useI18n } from "../i18n/context.tsx";

interface PickedPeopleProps {
  people: readonly User[];
  onRemove: (id: string) => void;
}

/** The people chosen so far, each with a way to take them out again. */
export function PickedPeople({ people, onRemove }: PickedPeopleProps) {
  const { t } = useI18n();
  if (people.length === 0) return null;
  return (
    <ul aria-label={t.compose.members} className="flex flex-wrap gap-1.5">
      {people.map((person) => (
        <li
          key={person.id}
          className="inline-flex max-w-full items-center gap-1.5 rounded-full bg-sunken py-1 ps-1 pe-1 text-sm font-medium"
        >
          <Avatar id={person.id} name={person.name} size="xs" />
          <span className="truncate">{person.name}</span>
          <button
            type="button"
            aria-label={t.compose.removeChip(person.name)}
            onClick={() => onRemove(person.id)}
            className="inline-flex size-7 items-center justify-center rounded-full text-ink-faint hover:bg-hover hover:text-ink"
          >
            <X size={14} aria-hidden="true" />
          </button>
        </li>
      ))}
    </ul>
  );
}
