-- What Stripe told, each event once: it repeats itself for days.
CREATE TABLE payment_events (
  id          text PRIMARY KEY,
  type        text NOT NULL,
  received_at timestamptz NOT NULL DEFAULT now()
);
