import type { Queryable } from "@rempart/database";
import type { Uuid } from "@rempart/kernel";
import { type Context, instant } from "../context.ts";
import { digest, digestText, isToken, mintToken } from "../tokens.ts";

/** The one ceremony a challenge answers, and whose it is. */
export type Binding =
  | { readonly ceremony: "sign-in" }
  /** `challenge`: of the sign-in this completes. */
  | { readonly ceremony: "second-factor"; readonly challenge: string }
  | { readonly ceremony: "register" | "step-up"; readonly sessionId: Uuid };

/** A fresh challenge, base64url as a browser echoes it in `clientDataJSON`. */
export async function issueChallenge(context: Context, db: Queryable, binding: Binding): Promise<string> {
  const challenge = mintToken(context.random);
  const expiresAt = instant(context.clock.now() + context.config.factors.challengeMs);
  await db.query("INSERT INTO passkey_challenges (challenge_hash, binding, expires_at) VALUES ($1, $2, $3)", [
    digest(challenge),
    textOf(binding),
    expiresAt,
  ]);
  return challenge;
}

/** Uses the challenge up. False: unknown, used, expired, or of another ceremony or holder. */
export async function consumeChallenge(
  context: Context,
  tx: Queryable,
  challenge: string,
  binding: Binding,
): Promise<boolean> {
  if (!isToken(challenge)) return false;
  const used = await tx.query(
    `DELETE FROM passkey_challenges WHERE challenge_hash = $1 AND binding = $2 AND expires_at > $3
     RETURNING challenge_hash`,
    [digest(challenge), textOf(binding), instant(context.clock.now())],
  );
  return used.length > 0;
}

function textOf(binding: Binding): string {
  switch (binding.ceremony) {
    case "sign-in":
      return "sign-in";
    case "second-factor":
      return `second-factor ${digestText(binding.challenge)}`;
    default:
      return `${binding.ceremony} ${binding.sessionId}`;
  }
}
