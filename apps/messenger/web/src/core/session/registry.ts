import type { Me } from "../../client/api.ts";
import type { CorePorts } from "../ports.ts";
import { Batch, openVault, type Vault } from "../storage/vault.ts";

/** Which account this browser used last, so that its history can be read while the server is out of reach. */
export interface Registry {
  last(): Promise<Me | null>;
  remember(me: Me): Promise<void>;
  forget(): Promise<void>;
}

const NAME = "rempart";
const KEY = "last-account";

export function createRegistry(ports: Pick<CorePorts, "openStorage" | "random">): Registry {
  const withVault = async <T>(work: (vault: Vault) => Promise<T>): Promise<T> => {
    const storage = await ports.openStorage(NAME);
    try {
      return await work(await openVault(storage, ports.random));
    } finally {
      storage.close();
    }
  };
  return {
    last: () => withVault(read),
    remember: (me) => withVault((vault) => vault.commit(new Batch().put("meta", KEY, me))),
    forget: () => withVault((vault) => vault.commit(new Batch().delete("meta", KEY))),
  };
}

/** A record that does not open is as good as none: the server says who is signed in. */
async function read(vault: Vault): Promise<Me | null> {
  const stored = await vault.get("meta", KEY).catch(() => undefined);
  return stored !== undefined && "mfaRequired" in stored ? stored : null;
}
