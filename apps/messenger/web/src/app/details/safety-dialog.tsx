import { Badge, Button, Dialog, Skeleton } from "@rempart/ui";
import ShieldAlert from "lucide-react/icons/shield-alert";
import ShieldCheck from "lucide-react/icons/shield-check";
import { useCallback } from "react";
import type { Person, SafetyNumber } from "../../client/api.ts";
import { useClient } from "../client-context.tsx";
import { useCommand } from "../commands.ts";
import { useI18n } from "../i18n/context.tsx";
import { QrCode } from "../qr/qr-code.tsx";
import { useRemote } from "../use-remote.ts";

/** Two people compare this number to know that nobody stands between them. */
export default function SafetyDialog({ person, onClose }: { person: Person; onClose: () => void }) {
  const { t } = useI18n();
  const client = useClient();
  const [number, reload] = useRemote(useCallback(() => client.safetyNumber(person.id), [client, person.id]));
  return (
    <Dialog
      open
      onClose={onClose}
      title={t.safety.title(person.name)}
      description={t.safety.body}
      closeLabel={t.close}
    >
      {number.state === "loading" && <Skeleton className="mx-auto my-4 size-48" />}
      {number.state === "failed" && (
        <p role="alert" className="rounded-lg bg-danger-soft px-4 py-3 text-on-danger-soft">
          {t.failures[number.code]}
        </p>
      )}
      {number.state === "loaded" && <Comparison person={person} number={number.value} onChanged={reload} />}
    </Dialog>
  );
}

interface ComparisonProps {
  person: Person;
  number: SafetyNumber;
  onChanged: () => Promise<void>;
}

function Comparison({ person, number, onChanged }: ComparisonProps) {
  const { t } = useI18n();
  const client = useClient();
  const { busy, run } = useCommand();
  async function setVerified(verified: boolean) {
    if (await run(() => client.setVerified(person.id, verified))) await onChanged();
  }
  return (
    <div className="flex flex-col items-center gap-5 pt-3">
      <Verdict number={number} />
      <QrCode text={number.qrText} label={t.safety.qr} />
      <ol
        aria-label={t.safety.number}
        className="grid w-full max-w-80 grid-cols-4 gap-x-2 gap-y-1.5 rounded-lg bg-sunken px-3 py-3 text-center font-mono text-base tabular-nums select-all"
      >
        {number.groups.map((group, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: two groups may be the same, and they never move
          <li key={index}>{group}</li>
        ))}
      </ol>
      <Button
        tone={number.verified ? "quiet" : "primary"}
        busy={busy}
        className="w-full"
        onClick={() => setVerified(!number.verified)}
      >
        {number.verified ? t.safety.unverify : t.safety.verify}
      </Button>
    </div>
  );
}

function Verdict({ number }: { number: SafetyNumber }) {
  const { t } = useI18n();
  if (number.changed) {
    return (
      <p className="flex gap-2.5 rounded-lg bg-warning-soft px-4 py-3 text-sm text-on-warning-soft">
        <ShieldAlert size={18} aria-hidden="true" className="mt-0.5 shrink-0" />
        {t.safety.changed}
      </p>
    );
  }
  if (!number.verified) return <Badge>{t.safety.notVerified}</Badge>;
  return (
    <Badge tone="success" icon={<ShieldCheck size={14} aria-hidden="true" />}>
      {t.safety.verified}
    </Badge>
  );
}
