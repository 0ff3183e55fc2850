import { Dialog, Kbd } from "@rempart/ui";
import { useI18n } from "../i18n/context.tsx";
import type { Catalogue } from "../i18n/en.ts";

function shortcutRows(t: Catalogue): readonly { label: string; keys: readonly string[] }[] {
  const { keyAlt, keyControl, keyShift, keyEnter, keyEscape } = t.shortcuts;
  return [
    { label: t.shortcuts.search, keys: [`${keyControl} K`] },
    { label: t.shortcuts.start, keys: [`${keyAlt} N`] },
    { label: t.shortcuts.previous, keys: [`${keyAlt} ↑`] },
    { label: t.shortcuts.next, keys: [`${keyAlt} ↓`] },
    { label: t.shortcuts.details, keys: [`${keyAlt} I`] },
    { label: t.shortcuts.settings, keys: [`${keyAlt} ,`] },
    { label: t.shortcuts.back, keys: [keyEscape] },
    { label: t.shortcuts.send, keys: [keyEnter] },
    { label: t.shortcuts.newline, keys: [`${keyShift} ${keyEnter}`] },
    { label: t.shortcuts.help, keys: [`${keyControl} /`] },
  ];
}

export default function HelpDialog({ onClose }: { onClose: () => void }) {
  const { t } = useI18n();
  return (
    <Dialog open onClose={onClose} title={t.shortcuts.title} closeLabel={t.close}>
      <dl className="divide-y divide-line">
        {shortcutRows(t).map(({ label, keys }) => (
          <div key={label} className="flex items-center justify-between gap-4 py-2.5">
            <dt>{label}</dt>
            <dd className="flex gap-1.5">
              {keys.map((key) => (
                <Kbd key={key}>{key}</Kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
