import type { Page } from "@rempart/testing/browser";

export interface Authenticator {
  /** While its owner is at hand, whatever asks for a passkey gets one at once: a dialog, and a field's suggestions too. */
  ownerIsAtHand(atHand: boolean): Promise<void>;
}

/** Gives a page an authenticator that keeps passkeys and knows its owner, as a phone does. */
export async function addAuthenticator(page: Page): Promise<Authenticator> {
  const session = await page.context().newCDPSession(page);
  await session.send("WebAuthn.enable");
  const { authenticatorId } = await session.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return {
    async ownerIsAtHand(enabled) {
      await session.send("WebAuthn.setAutomaticPresenceSimulation", { authenticatorId, enabled });
    },
  };
}
