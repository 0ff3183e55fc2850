import type { KeyAlert } from "../../client/api.ts";
import type { DeviceState } from "../account/device-state.ts";
import { isTransient } from "../errors.ts";
import type { Rest } from "../net/rest.ts";
import type { CorePorts } from "../ports.ts";
import { createSerial } from "../serial.ts";
import { type KeyLogRecord, keys } from "../storage/records.ts";
import { Batch } from "../storage/vault.ts";
import { agrees, type SeenDevice } from "./compare.ts";
import { type Followed, followKeyLog, type KeyLogState } from "./follow.ts";

/** Looks at the account's own keys in the public log, and says what its owner must know. */
export interface KeyWatch {
  /** Checks now, and goes on checking until it is stopped. */
  start(): Promise<void>;
  check(): Promise<void>;
  /** The owner says that this device is theirs. */
  acknowledge(deviceId: string): Promise<void>;
  /** The owner trusts the log as it is from now on: somebody they believe told them why it changed. */
  trustAnew(): Promise<void>;
  stop(): void;
}

export interface KeyWatchParts {
  readonly ports: Pick<CorePorts, "timers">;
  readonly rest: Rest;
  readonly state: Pick<DeviceState, "vault" | "device" | "directory">;
  readonly userId: string;
  alerts(alerts: readonly KeyAlert[]): void;
  failed(error: unknown): void;
}

const CHECK_EVERY_MS = 10 * 60_000;
/** The log integrates once a second; what is not in it after so many looks is kept out of it. */
const PATIENCE_MS = [1_000, 1_500, 2_500, 5_000, 10_000, 20_000] as const;

const NOTHING_KNOWN: KeyLogRecord = { log: null, known: [], fault: null, inDoubt: false };

export function createKeyWatch(parts: KeyWatchParts): KeyWatch {
  const { ports, userId, failed } = parts;
  const { vault, device } = parts.state;
  const serial = createSerial();
  let record = NOTHING_KNOWN;
  let names: Readonly<Record<string, string>> = {};
  const timers = new Set<() => void>();
  let stopped = false;

  const show = (): void => parts.alerts(alertsOf(record, names));
  const keep = async (next: KeyLogRecord): Promise<void> => {
    await vault.commit(new Batch().put("meta", keys.keyLog, next));
    record = next;
    show();
  };

  /** False: the answer is not final, look again soon. `last`: it is final whatever it is. */
  const look = async (last: boolean): Promise<boolean> => {
    if (record.fault !== null) return true;
    const seen = await readDevices(parts);
    names = seen.names;
    const followed = await followPages(parts.rest, record.log, userId);
    if (!followed.ok) {
      await keep({ ...record, fault: followed.fault });
      return true;
    }
    const log = followed.state;
    const certain =
      !followed.pending && agrees(log, seen.listed, seen.published) && device.deviceId in log.devices;
    if (!certain && !last) return false;
    // What is there at the first look is what this browser begins with; what comes later is somebody's doing.
    const known = record.known.length === 0 ? Object.keys(log.devices) : record.known;
    await keep({ ...record, log, known, inDoubt: !certain });
    return true;
  };

  /** Ends at once when the watch stops. */
  const wait = (milliseconds: number): Promise<void> =>
    new Promise((resolve) => {
      const end = (): void => {
        cancel();
        timers.delete(end);
        resolve();
      };
      const cancel = ports.timers.after(milliseconds, end);
      timers.add(end);
    });

  const lookAgainLater = (error: unknown): false => {
    if (isTransient(error)) return false;
    throw error;
  };

  const check = async (): Promise<void> => {
    for (const patience of PATIENCE_MS) {
      if (stopped || (await serial(() => look(false)).catch(lookAgainLater))) return;
      if (!stopped) await wait(patience);
    }
    if (!stopped) await serial(() => look(true));
  };

  const keepChecking = async (): Promise<void> => {
    while (!stopped) {
      try {
        await check();
      } catch (error) {
        if (!isTransient(error)) failed(error);
      }
      if (!stopped) await wait(CHECK_EVERY_MS);
    }
  };

  return {
    async start() {
      const stored = await vault.get("meta", keys.keyLog).catch(() => undefined);
      if (stored !== undefined && "inDoubt" in stored) record = stored;
      show();
      await keepChecking();
    },
    check,
    acknowledge: (deviceId) => serial(() => keep({ ...record, known: [...record.known, deviceId] })),
    async trustAnew() {
      await serial(() => keep({ ...NOTHING_KNOWN, known: record.known }));
      await check();
    },
    stop() {
      stopped = true;
      for (const end of [...timers]) end();
    },
  };
}

/** Every page from where the log was left. */
async function followPages(rest: Rest, known: KeyLogState | null, userId: string): Promise<Followed> {
  let log = known;
  for (;;) {
    const query = log === null ? {} : { seen: log.size, after: log.number };
    const answer = await rest.call("ownKeyLog", { query });
    const followed = await followKeyLog(log, answer, userId);
    if (!followed.ok || !answer.more || followed.pending) return followed;
    log = followed.state;
  }
}

/** What the server lists for the account, and what it tells others of it, together with what groups have shown. */
async function readDevices({ rest, userId, state }: KeyWatchParts) {
  const { devices } = await rest.call("devices", {});
  const { devices: pinned } = await state.directory.refresh(userId);
  const listed = devices.map(({ id, signatureKey }): SeenDevice => ({ id, signatureKey, revoked: false }));
  const published = Object.entries(pinned).map(([id, rest]): SeenDevice => ({ id, ...rest }));
  const names = Object.fromEntries(devices.map(({ id, name }) => [id, name]));
  return { listed, published, names };
}

function alertsOf(
  { log, known, fault, inDoubt }: KeyLogRecord,
  names: Readonly<Record<string, string>>,
): readonly KeyAlert[] {
  const alerts: KeyAlert[] = [];
  if (fault !== null || inDoubt) alerts.push({ type: "log-untrusted", reason: fault ?? "withheld" });
  for (const [deviceId, { addedAt, revoked }] of Object.entries(log?.devices ?? {}))
    if (!revoked && !known.includes(deviceId))
      alerts.push({ type: "new-device", deviceId, name: names[deviceId] ?? null, addedAt });
  return alerts;
}
