import type { Database, Queryable } from "@rempart/database";
import type { Purge } from "@rempart/database/maintenance";
import type { BanSnapshot, BanSource } from "@rempart/edge";
import { type Clock, explain } from "@rempart/kernel";
import type { Logger } from "@rempart/runtime";

export interface NetworkBansOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger;
}

const POLL_MS = 2_000;
/** Of the newest: what the edge keeps in memory has a bound. */
const MOST_BANS = 50_000;

/** A while after their end they still answer why somebody was refused. */
export const networkBansOver: Purge = {
  name: "network-bans-over",
  table: "network_bans",
  where: "until < $1::timestamptz - interval '30 days'",
  batch: 5_000,
  reason: "over for 30 days",
};

export interface BanToWrite {
  readonly reason: string;
  /** Unix milliseconds; null for good. */
  readonly until: number | null;
  readonly at: number;
}

/** Of two bans of one network the one that ends later holds. */
export async function writeBan(
  db: Queryable,
  address: string,
  { reason, until, at }: BanToWrite,
): Promise<void> {
  await db.query(
    `INSERT INTO network_bans AS b (network, reason, created_at, until) VALUES ($1::inet::cidr, $2, $3, $4)
     ON CONFLICT (network) DO UPDATE SET reason = $2, created_at = $3, until = $4
     WHERE b.until < coalesce($4, 'infinity'::timestamptz)`,
    [address, reason, new Date(at), until === null ? null : new Date(until)],
  );
}

/** The banned networks of an installation: every process refuses them within two seconds of the ban. */
export class NetworkBans implements BanSource {
  readonly #options: NetworkBansOptions;
  readonly #push = new Set<(snapshot: BanSnapshot) => void>();
  #timer: NodeJS.Timeout | undefined;
  #failing = false;
  #known = "";

  constructor(options: NetworkBansOptions) {
    this.#options = options;
  }

  subscribe(push: (snapshot: BanSnapshot) => void): () => void {
    this.#push.add(push);
    this.#known = "";
    return () => this.#push.delete(push);
  }

  /** `until` in Unix milliseconds; null for good. */
  async ban(address: string, { reason, until }: { reason: string; until: number | null }): Promise<void> {
    const { database, clock } = this.#options;
    await writeBan(database, address, { reason, until, at: clock.now() });
    await this.refresh();
  }

  /** False: it was not banned. */
  async lift(address: string): Promise<boolean> {
    const rows = await this.#options.database.query(
      "DELETE FROM network_bans WHERE network = $1::inet::cidr RETURNING network",
      [address],
    );
    await this.refresh();
    return rows.length > 0;
  }

  /** Reads the bans and goes on reading them. Rejects when they cannot be read at first. */
  async start(): Promise<void> {
    await this.refresh();
    this.#timer = setInterval(() => void this.#poll(), POLL_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async refresh(): Promise<void> {
    const { database, clock } = this.#options;
    const rows = await database.query<{ network: string; reason: string; until: Date | null }>(
      `SELECT network::text, reason, until FROM network_bans WHERE until IS NULL OR until > $1
       ORDER BY created_at DESC LIMIT $2`,
      [new Date(clock.now()), MOST_BANS],
      { name: "network-bans" },
    );
    const networks = rows.map(({ network, reason, until }) => ({
      network,
      reason,
      until: until?.getTime() ?? null,
    }));
    const known = JSON.stringify(networks);
    if (known === this.#known) return;
    for (const push of this.#push) push({ networks, users: [] });
    this.#known = known;
  }

  /** What was in force stays in force while the database is away. */
  async #poll(): Promise<void> {
    const { log } = this.#options;
    try {
      await this.refresh();
      if (this.#failing) log.info({}, "the bans can be read again");
      this.#failing = false;
    } catch (error) {
      if (!this.#failing) log.warn({ error: explain(error) }, "the bans cannot be read");
      this.#failing = true;
    }
  }
}
