-- Networks that the public listener refuses. Rows stay until their end and a while after it, for whoever asks why.
CREATE TABLE network_bans (
  -- An address or a network.
  network cidr PRIMARY KEY,
  reason text NOT NULL,
  created_at timestamptz NOT NULL,
  -- Null: until somebody lifts it.
  until timestamptz
);
