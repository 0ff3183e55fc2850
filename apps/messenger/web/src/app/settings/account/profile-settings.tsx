import { LIMITS } from "@rempart/messaging/contract";
import { Badge, Button, TextField, useToast } from "@rempart/ui";
import { type FormEvent, useState } from "react";
import { useClient, useMe } from "../../client-context.tsx";
import { useCommand } from "../../commands.ts";
import { useI18n } from "../../i18n/context.tsx";

export function ProfileSettings() {
  const { t } = useI18n();
  const me = useMe();
  const client = useClient();
  const toast = useToast();
  const { busy, run } = useCommand();
  const [name, setName] = useState(me.name);
  const wanted = name.trim();

  async function save(event: FormEvent) {
    event.preventDefault();
    if (wanted === "" || wanted === me.name) return;
    if (await run(() => client.rename(wanted))) toast({ title: t.settings.saved, tone: "success" });
  }

  return (
    <form onSubmit={save} noValidate className="flex flex-col gap-4">
      <TextField
        label={t.settings.name}
        value={name}
        autoComplete="name"
        maxLength={LIMITS.nameCharacters}
        error={wanted === "" ? t.door.nameMissing : null}
        onChange={(event) => setName(event.target.value)}
      />
      <div className="flex flex-wrap items-center justify-between gap-3">
        {me.role === "USER" ? <span /> : <Badge tone="primary">{t.settings.roles[me.role]}</Badge>}
        <Button type="submit" tone="primary" busy={busy} disabled={wanted === "" || wanted === me.name}>
          {t.save}
        </Button>
      </div>
    </form>
  );
}
