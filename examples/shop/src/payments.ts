/** Stripe's events, each counted once however often it is sent, and believed only when it is signed. */
import type { Database } from "@rempart/database";
import { createMemoryReplayStore, createWebhookVerifier, stripeScheme } from "@rempart/edge";
import type { Clock } from "@rempart/kernel";
import type { Secret } from "@rempart/runtime";
import { z } from "zod";

/** What is read of an event; Stripe sends far more, and adds to it. */
const paymentEvent = z.object({
  id: z.string().max(255),
  type: z.string().max(255),
  data: z.object({
    object: z.object({
      id: z.string().max(255),
      amount_received: z.number().int().optional(),
      metadata: z.object({ order_id: z.string().max(20).optional() }).optional(),
    }),
  }),
});

type PaymentEvent = z.infer<typeof paymentEvent>;

export type PaymentOutcome = "paid" | "known" | "ignored" | "unsigned";

export type Payments = (
  header: (name: string) => string | undefined,
  body: Uint8Array,
) => Promise<PaymentOutcome>;

export function createPayments(options: { database: Database; secret: Secret; clock: Clock }): Payments {
  const { database, secret, clock } = options;
  const replays = createMemoryReplayStore({ clock });
  const verifier = createWebhookVerifier({
    scheme: stripeScheme,
    secrets: [secret.reveal()],
    replays,
    clock,
  });
  return async (header, body) => {
    const verdict = await verifier.verify(header, body);
    if (verdict.kind === "refused") return verdict.reason === "replayed" ? "known" : "unsigned";
    try {
      const event = paymentEvent.safeParse(JSON.parse(new TextDecoder().decode(body)));
      return event.success ? await take(database, event.data) : "ignored";
    } catch (error) {
      await verdict.release();
      throw error;
    }
  };
}

/** The memory of a process ends with it: the table decides whether an event is new. */
function take(database: Database, event: PaymentEvent): Promise<PaymentOutcome> {
  return database.transaction(async (tx) => {
    const first = await tx.query(
      "INSERT INTO payment_events (id, type) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING id",
      [event.id, event.type],
    );
    if (first.length === 0) return "known";
    const { id, amount_received: amount, metadata } = event.data.object;
    if (event.type !== "payment_intent.succeeded" || !/^\d{1,18}$/.test(metadata?.order_id ?? ""))
      return "ignored";
    const paid = await tx.query(
      `UPDATE orders SET status = 'paid', payment_intent = $2
       WHERE id = $1 AND status = 'placed' AND total_cents = $3 RETURNING id`,
      [metadata?.order_id, id, amount ?? -1],
    );
    return paid.length === 1 ? "paid" : "ignored";
  });
}
