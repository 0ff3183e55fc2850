import type { Secret } from "@rempart/runtime";
import type { SecretEvent } from "./ports.ts";
import { parseReference, type SecretReference, select } from "./reference.ts";

export interface Subscriptions {
  /** Changes count from `known`, the document as the subscriber has seen it; without, from the first that is read. */
  add(reference: string, known: Secret | undefined, changed: (secret: Secret) => void): Disposable;
  /** Tells the subscribers to whom this document brings another value. */
  publish(name: string, document: Secret): void;
  names(): ReadonlySet<string>;
}

interface Subscription {
  readonly reference: SecretReference;
  readonly changed: (secret: Secret) => void;
  last: Secret | null;
}

export function createSubscriptions(emit: (event: SecretEvent) => void): Subscriptions {
  const all = new Set<Subscription>();

  function tell(subscription: Subscription, document: Secret): void {
    const { reference, changed, last } = subscription;
    const secret = selectOrNull(document, reference);
    if (secret === null || secret.reveal() === last?.reveal()) return;
    subscription.last = secret;
    if (last === null) return;
    emit({ type: "changed", name: reference.name });
    try {
      changed(secret);
    } catch {
      emit({ type: "failed", name: reference.name, code: "listener-failed" });
    }
  }

  return {
    add(text, known, changed) {
      const reference = parseReference(text);
      const last = known === undefined ? null : selectOrNull(known, reference);
      const subscription: Subscription = { reference, changed, last };
      all.add(subscription);
      return { [Symbol.dispose]: () => void all.delete(subscription) };
    },
    publish(name, document) {
      for (const subscription of all) {
        if (subscription.reference.name === name) tell(subscription, document);
      }
    },
    names: () => new Set([...all].map(({ reference }) => reference.name)),
  };
}

/** A document that lost the field keeps its subscribers on the value they have: `get` tells of the error. */
function selectOrNull(document: Secret, reference: SecretReference): Secret | null {
  try {
    return select(document, reference);
  } catch {
    return null;
  }
}
