import { type Clock, systemClock } from "@rempart/kernel";
import { KeysError } from "../errors.ts";
import { KEY_LIMITS } from "../keyring/sealing-key.ts";
import type { LocalKeyFile } from "../providers/local/local-key-file.ts";
import type { Rotatable } from "./ports.ts";
import type { KeyVersion } from "./versions.ts";

/** After a rotation every process seals on under the data key it has, until that is too old; what it sealed then is still to be stored. */
const SEALED_UNDER_MS = KEY_LIMITS.ageMs + 60_000;

/**
 * The versions of the local key. An older one opens what it sealed until it is destroyed, so its overlap has no end of its
 * own: `stillUsed` says how many values stand under it, and `destroy` is refused while there is one, or may yet be.
 */
export function localKeyRotation(
  file: Pick<LocalKeyFile, "versions" | "rotate" | "destroy">,
  stillUsed: (version: string) => Promise<number>,
  clock: Clock = systemClock,
): Rotatable {
  async function versions(): Promise<KeyVersion[]> {
    const known = [...(await file.versions())].sort((a, b) => Number(a.version) - Number(b.version));
    return known.map(
      ({ version, madeAt }, i): KeyVersion => ({
        id: version,
        createdAt: madeAt,
        activeFrom: madeAt,
        activeUntil: known[i + 1]?.madeAt ?? null,
        acceptedUntil: null,
        destroyedAt: null,
      }),
    );
  }

  return {
    purpose: "encryption",
    versions,
    rotate: () => file.rotate(),
    async retire(id) {
      throw new KeysError(
        "rotation-refused",
        `version ${id} of the local key opens what it sealed: rewrap that, then destroy the version`,
      );
    },
    async destroy(id) {
      const found = (await versions()).find((version) => version.id === id);
      if (found?.activeUntil === null)
        throw new KeysError("rotation-refused", `version ${id} of the local key is in use: rotate first`);
      const waitMs = (found?.activeUntil ?? Number.NEGATIVE_INFINITY) + SEALED_UNDER_MS - clock.now();
      if (waitMs > 0)
        throw new KeysError(
          "rotation-refused",
          `processes may still seal under version ${id}: rewrap and destroy it in ${Math.ceil(waitMs / 60_000)} minutes`,
        );
      const values = await stillUsed(id);
      if (values > 0)
        throw new KeysError(
          "rotation-refused",
          `${values} values stand under version ${id}: rewrap them first`,
        );
      await file.destroy(id);
    },
  };
}
