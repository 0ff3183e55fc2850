import {
  type AuthenticationService,
  type Capabilities,
  type ClientConfig,
  type Credential,
  defaultKeyPackageEqualityConfig,
} from "ts-mls";
import { type DeviceIdentity, decodeIdentity } from "../../framing/index.ts";
import { MessagingError } from "../errors.ts";
import type { DeviceDirectory } from "../types.ts";
import { suiteName } from "./suites.ts";

/** What every device of ours can do: both suites, the basic credential, and no extension. */
export const CAPABILITIES: Capabilities = {
  versions: ["mls10"],
  ciphersuites: [suiteName("x-wing"), suiteName("x25519")],
  extensions: [],
  proposals: [],
  credentials: ["basic"],
};

/** Asks the directory about every leaf of one operation, and remembers why the operation had to end. */
export class CredentialCheck implements AuthenticationService {
  private failure: unknown = null;
  private readonly directory: DeviceDirectory;

  constructor(directory: DeviceDirectory) {
    this.directory = directory;
  }

  async validateCredential(credential: Credential, signatureKey: Uint8Array): Promise<boolean> {
    const identity = credential.credentialType === "basic" ? decodeIdentity(credential.identity) : null;
    try {
      if (identity !== null && (await this.directory.verify({ ...identity, signatureKey }))) return true;
      this.failure = unconfirmed(identity);
    } catch (error) {
      this.failure = error;
    }
    return false;
  }

  /** Throws what really happened when `cause` is only the library's word for a refused credential. */
  rethrow(cause: unknown): void {
    if (this.failure === null) return;
    if (this.failure instanceof MessagingError)
      throw new MessagingError(this.failure.code, this.failure.message, {
        cause,
        details: this.failure.details,
      });
    throw this.failure;
  }
}

function unconfirmed(identity: DeviceIdentity | null): MessagingError {
  const details = identity === null ? {} : { userId: identity.userId, deviceId: identity.deviceId };
  return new MessagingError("unauthorised-credential", "A leaf's key is not the device's registered key", {
    details,
  });
}

/**
 * One epoch of old keys is the least the library can be told (0 means "for ever" to it); `withoutPastEpochs` drops even
 * that. Generations: the server keeps the order of one sender's messages, so a gap is a message that this device was
 * never given or could not open; 1,000 forward steps (about 30 ms) cover a long loss and bound a hostile jump.
 */
const KEY_RETENTION = {
  retainKeysForEpochs: 1,
  retainKeysForGenerations: 64,
  maximumForwardRatchetSteps: 1000,
} as const;

const NINETY_DAYS_SECONDS = 90 * 24 * 3600;

export function clientConfig(check: AuthenticationService, paddedLength = 0): ClientConfig {
  return {
    keyRetentionConfig: KEY_RETENTION,
    // Old members' lifetimes do not count (RFC 9420, section 7.3): only a new key package's is checked, by its committer.
    lifetimeConfig: { maximumTotalLifetime: BigInt(NINETY_DAYS_SECONDS), validateLifetimeOnReceive: false },
    keyPackageEqualityConfig: defaultKeyPackageEqualityConfig,
    paddingConfig: { kind: "padUntilLength", padUntilLength: paddedLength },
    authService: check,
  };
}
