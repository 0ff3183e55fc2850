import { isTransient } from "../errors.ts";
import { backoff } from "../net/backoff.ts";
import type { Connection } from "../net/connection.ts";
import type { Rest } from "../net/rest.ts";
import type { CorePorts } from "../ports.ts";
import { registerDevice } from "./device.ts";
import type { DeviceState } from "./device-state.ts";
import type { Guard } from "./guard.ts";
import { firstKeyPackages, forgetExpiredKeyPackages, topUpKeyPackages } from "./key-packages.ts";

/** Makes the device known and reachable, then connects; tries until it works or the account is closed. */
export interface Boot {
  start(): Promise<void>;
  /** Try now instead of after the wait. */
  wake(): void;
  /** Key packages were used: makes new ones when few are left. */
  replenish(): Promise<void>;
}

export interface BootParts {
  readonly ports: CorePorts;
  readonly rest: Rest;
  readonly guard: Guard;
  readonly state: DeviceState;
  readonly connection: Connection;
  /** Unix milliseconds of the next attempt. */
  waiting(retryAt: number): void;
}

export function createBoot({ ports, rest, guard, state, connection, waiting }: BootParts): Boot {
  const { device, vault, mls } = state;
  const keyPackages = { vault, rest, mls, clock: ports.clock };
  let wake = (): void => undefined;

  const waitForNetwork = (milliseconds: number): Promise<void> =>
    new Promise((resolve) => {
      waiting(ports.clock.now() + milliseconds);
      wake = () => {
        cancel();
        stop();
        resolve();
      };
      const cancel = ports.timers.after(milliseconds, () => wake());
      const stop = ports.onNetwork((online) => online && wake());
    });

  const attempt = async (): Promise<void> => {
    const registered = await registerDevice(rest, device, ports.deviceName);
    const stock = await firstKeyPackages(keyPackages, registered);
    if (guard.closed) return;
    connection.start();
    await topUpKeyPackages(keyPackages, stock);
    await forgetExpiredKeyPackages(vault, ports.clock);
  };

  return {
    async start() {
      for (let count = 0; !guard.closed; count += 1) {
        try {
          await attempt();
          return;
        } catch (error) {
          if (!isTransient(error)) throw error;
          await waitForNetwork(backoff(count, ports.random));
        }
      }
    },
    wake: () => wake(),
    async replenish() {
      await topUpKeyPackages(keyPackages, await registerDevice(rest, device, ports.deviceName));
    },
  };
}
