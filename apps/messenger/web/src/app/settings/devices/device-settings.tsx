import type { Device } from "@rempart/messaging/contract";
import { Badge, Button, ConfirmDialog, ListRow } from "@rempart/ui";
import MonitorSmartphone from "lucide-react/icons/monitor-smartphone";
import { useCallback, useState } from "react";
import { useClient, useMe } from "../../client-context.tsx";
import { useCommand } from "../../commands.ts";
import { useI18n } from "../../i18n/context.tsx";
import { useNow } from "../../use-now.ts";
import { useRemote } from "../../use-remote.ts";
import { RemoteList } from "../remote-list.tsx";

export function DeviceSettings() {
  const { t } = useI18n();
  const client = useClient();
  const { busy, run } = useCommand();
  const [devices, reload] = useRemote(useCallback(() => client.devices(), [client]));
  const [removing, setRemoving] = useState<Device | null>(null);

  async function remove(device: Device) {
    const removed = await run(() => client.revokeDevice(device.id));
    setRemoving(null);
    if (removed) await reload();
  }

  return (
    <>
      <RemoteList remote={devices} onRetry={reload}>
        {(device) => <DeviceRow key={device.id} device={device} onRemove={() => setRemoving(device)} />}
      </RemoteList>
      {removing && (
        <ConfirmDialog
          open
          danger
          busy={busy}
          title={t.settings.removeDeviceTitle(removing.name)}
          body={t.settings.removeDeviceBody}
          confirmLabel={t.settings.removeDevice}
          cancelLabel={t.cancel}
          onConfirm={() => void remove(removing)}
          onCancel={() => setRemoving(null)}
        />
      )}
    </>
  );
}

function DeviceRow({ device, onRemove }: { device: Device; onRemove: () => void }) {
  const { t, format } = useI18n();
  const { deviceId } = useMe();
  const now = useNow();
  return (
    <li>
      <ListRow
        leading={<MonitorSmartphone size={20} aria-hidden="true" className="shrink-0 text-ink-faint" />}
        title={device.name}
        detail={t.settings.lastUsed(format.ago(device.lastUsedAt, now))}
        trailing={<DeviceState device={device} mine={device.id === deviceId} onRemove={onRemove} />}
      />
    </li>
  );
}

function DeviceState({ device, mine, onRemove }: { device: Device; mine: boolean; onRemove: () => void }) {
  const { t } = useI18n();
  if (mine) return <Badge tone="success">{t.settings.thisDevice}</Badge>;
  if (device.revokedAt !== null) return <Badge>{t.settings.removed}</Badge>;
  return (
    <Button
      size="sm"
      tone="danger-quiet"
      aria-label={t.settings.removeDeviceLabel(device.name)}
      onClick={onRemove}
    >
      {t.settings.removeDevice}
    </Button>
  );
}
