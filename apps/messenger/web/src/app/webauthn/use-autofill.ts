import { useCallback, useEffect, useRef } from "react";
import type { PasskeyAnswer } from "../../client/api.ts";
import { useClient } from "../client-context.tsx";
import { askForPasskey, supportsAutofill } from "./passkeys.ts";

/** Under the five minutes that the server takes an answer for. */
const OFFER_MS = 4 * 60_000;

/**
 * Offers passkeys among what the browser fills in. It begins when somebody turns to the form, not with the page: the server
 * counts a challenge as an attempt to sign in.
 */
export function usePasskeyAutofill(chosen: (answer: PasskeyAnswer) => void) {
  const client = useClient();
  const offering = useRef<AbortController | null>(null);
  const latest = useRef(chosen);
  latest.current = chosen;

  const stop = useCallback(() => {
    offering.current?.abort();
    offering.current = null;
  }, []);

  const begin = useCallback(async () => {
    if (offering.current !== null) return;
    const offer = new AbortController();
    offering.current = offer;
    if (!(await supportsAutofill())) return;
    const options = await client.startPasskeySignIn();
    if (!options.ok || offer.signal.aborted) return;
    const signal = AbortSignal.any([offer.signal, AbortSignal.timeout(OFFER_MS)]);
    const answer = await askForPasskey(options.value, { signal });
    if (answer.ok) latest.current(answer.value);
    if (offering.current === offer) offering.current = null;
  }, [client]);

  useEffect(() => stop, [stop]);
  return { begin: () => void begin(), stop };
}
