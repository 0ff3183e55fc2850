import type { Database } from "@rempart/database";
import {
  createIdentity,
  type Identity,
  type IdentityConfigInput,
  type Mailer,
  type Observe,
} from "@rempart/identity";
import type { Clock, Random } from "@rempart/kernel";
import type { Envelopes } from "@rempart/keys";
import type { Logger } from "@rempart/runtime";
import type { MessengerConfig } from "./config.ts";
import type { PublicAddress } from "./public-address.ts";

export interface IdentityPorts {
  readonly database: Database;
  readonly envelopes: Envelopes;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Null: this installation sends no mail. */
  readonly mailer: Mailer | null;
  readonly observe: Observe;
}

const PRODUCT = "Secure Messenger";

/** The accounts of the messenger, as its configuration asks for them. */
export function createMessengerIdentity(
  config: MessengerConfig,
  address: PublicAddress,
  { mailer, ...ports }: IdentityPorts,
): Identity {
  return createIdentity({
    ...ports,
    config: identityConfig(config),
    passkeys: {
      rpId: address.hostname,
      rpName: PRODUCT,
      get origins() {
        return address.origins;
      },
    },
    ...(mailer === null ? {} : { mailer }),
  });
}

function identityConfig({
  session,
  accessTokenSeconds,
  mail,
  public: outside,
}: MessengerConfig): IdentityConfigInput {
  const name = outside.url?.host;
  return {
    session: { absoluteMs: session.ttlSeconds * 1000, idleMs: session.idleSeconds * 1000 },
    tokens: {
      lifetimeMs: accessTokenSeconds * 1000,
      ...(name === undefined ? {} : { issuer: name, audience: name }),
    },
    factors: { issuer: PRODUCT },
    mail: { pollMs: 2_000, firstRetryMs: 1_000 },
    requireVerifiedEmail: mail?.verifyAddresses ?? false,
  };
}
