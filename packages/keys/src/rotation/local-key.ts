import { KeysError } from "../errors.ts";
import type { LocalKeyFile } from "../providers/local/local-key-file.ts";
import type { Rotatable } from "./ports.ts";
import type { KeyVersion } from "./versions.ts";

/**
 * The versions of the local key. An older one opens what it sealed until it is destroyed, so its overlap has no end of its
 * own: `stillUsed` says how many values stand under it, and `destroy` is refused while there is one.
 */
export function localKeyRotation(
  file: Pick<LocalKeyFile, "versions" | "rotate" | "destroy">,
  stillUsed: (version: string) => Promise<number>,
): Rotatable {
  return {
    purpose: "encryption",
    async versions() {
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
    },
    rotate: () => file.rotate(),
    async retire(id) {
      throw new KeysError(
        "rotation-refused",
        `version ${id} of the local key opens what it sealed: rewrap that, then destroy the version`,
      );
    },
    async destroy(id) {
      if ((await file.versions()).some(({ version, current }) => current && version === id))
        throw new KeysError("rotation-refused", `version ${id} of the local key is in use: rotate first`);
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
