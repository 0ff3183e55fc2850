import type { Me } from "../../client/api.ts";
import type { CorePorts } from "../ports.ts";
import { Batch, openVault, type Vault } from "../storage/vault.ts";

/** Which account this browser used last, so that its history can be read while the server is out of reach. */
export interface Registry {
  last(): Promise<Me | null>;
  remember(me: Me): Promise<void>;
  /** Also that its deletion was asked for. */
  forget(): Promise<void>;
  /** Its deletion is being asked for. Until it is remembered or forgotten, its session's end means that it was done. */
  startErasing(userId: string): Promise<void>;
  erasing(): Promise<string | null>;
}

const NAME = "rempart";
const KEY = "last-account";
const ERASURE = "erasure";

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
    remember: (me) =>
      withVault((vault) => vault.commit(new Batch().put("meta", KEY, me).delete("meta", ERASURE))),
    forget: () => withVault((vault) => vault.commit(new Batch().delete("meta", KEY).delete("meta", ERASURE))),
    startErasing: (userId) =>
      withVault((vault) => vault.commit(new Batch().put("meta", ERASURE, { erasing: userId }))),
    erasing: () => withVault(readErasing),
  };
}

async function readErasing(vault: Vault): Promise<string | null> {
  const stored = await vault.get("meta", ERASURE).catch(() => undefined);
  return stored !== undefined && "erasing" in stored ? stored.erasing : null;
}

/** A record that does not open is as good as none: the server says who is signed in. */
async function read(vault: Vault): Promise<Me | null> {
  const stored = await vault.get("meta", KEY).catch(() => undefined);
  return stored !== undefined && "mfaRequired" in stored ? stored : null;
}
