import type { CDPSession, Page } from "playwright-core";

export interface Authenticator {
  /** What DevTools' WebAuthn domain is asked with: what is not below. */
  readonly session: CDPSession;
  readonly authenticatorId: string;
  /** While its owner is at hand, whatever asks for a passkey gets one at once: a dialog, and a field's suggestions too. */
  ownerIsAtHand(atHand: boolean): Promise<void>;
}

export interface AuthenticatorOptions {
  /** Whether it makes sure who holds it, by a finger or a code. */
  readonly verifies?: boolean;
}

/** Gives a page an authenticator that keeps passkeys and knows its owner, as a phone does. */
export async function addAuthenticator(
  page: Page,
  { verifies = true }: AuthenticatorOptions = {},
): Promise<Authenticator> {
  const session = await page.context().newCDPSession(page);
  await session.send("WebAuthn.enable");
  const { authenticatorId } = await session.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: verifies,
      automaticPresenceSimulation: true,
    },
  });
  return {
    session,
    authenticatorId,
    async ownerIsAtHand(enabled) {
      await session.send("WebAuthn.setAutomaticPresenceSimulation", { authenticatorId, enabled });
    },
  };
}
