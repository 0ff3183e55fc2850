import { createHmac, timingSafeEqual } from "node:crypto";
import { fromBase64Url, toBase64Url } from "@rempart/kernel";
import type { VersionedSecrets } from "./secret-versions.ts";

/** Tags that outlive a rotation of the secret they are made with. */
export interface VersionedMac {
  /** `version.mac`, both base64url: 56 characters. */
  tag(data: Uint8Array): Promise<string>;
  /** False for whatever is no tag of this data by a version that is still good. */
  verify(data: Uint8Array, tag: string): Promise<boolean>;
}

const TAG = /^([\w-]{12})\.([\w-]{43})$/;

/** HMAC-SHA256 with the version in use; the tag names it. */
export function versionedMac(secrets: Pick<VersionedSecrets, "current" | "accepted">): VersionedMac {
  return {
    async tag(data) {
      const { id, key } = await secrets.current();
      return `${id}.${toBase64Url(macOf(key, data))}`;
    },
    async verify(data, tag) {
      const [, id = "", text = ""] = TAG.exec(tag) ?? [];
      const given = fromBase64Url(text);
      const version = given === null || id === "" ? null : await secrets.accepted(id);
      return version !== null && given !== null && timingSafeEqual(macOf(version.key, data), given);
    },
  };
}

function macOf(key: Uint8Array, data: Uint8Array): Uint8Array {
  return createHmac("sha256", key).update(data).digest();
}
