import { type Clock, explain } from "@rempart/kernel";
import { type Logger, repeat, silentLogger } from "@rempart/runtime";
import type { MigrationSource } from "../migrations/files.ts";
import type { Database } from "../pool/ports.ts";
import { inOrder, type MaterializedView } from "./declare.ts";
import { install } from "./install.ts";

/** The table of what is known of the views, and `refresh_all_materialized_views()`. Before `install`. */
export const viewMigrations: MigrationSource = {
  name: "views",
  directory: new URL("../../migrations/views/", import.meta.url),
};

export interface Refreshed {
  readonly view: string;
  /** `busy`: another process refreshes it just now. */
  readonly outcome: "refreshed" | "unchanged" | "busy" | "failed";
  readonly durationMs: number;
}

export interface ViewAge {
  readonly view: string;
  /** Since what it shows was true. */
  readonly ageSeconds: number;
  /** The last refresh took this long. */
  readonly refreshMs: number;
}

export interface ViewsOptions {
  readonly database: Database;
  readonly views: readonly MaterializedView[];
  readonly clock: Clock;
  readonly log?: Logger;
  /** Told of each refresh that was due; for metrics. Must not throw. */
  readonly observe?: (refreshed: Refreshed) => void;
}

export interface Views {
  /** See `install`. Rejects with what PostgreSQL says of the first view it refuses; nothing has changed then. */
  install(): Promise<string[]>;
  /** All of them in order, those without a change left alone unless `force`. Never rejects for one view: see the outcomes. */
  refresh(options?: { readonly force?: boolean }): Promise<Refreshed[]>;
  /** For the gauge `materialized_view_age_seconds`. Of views installed. */
  ages(): Promise<ViewAge[]>;
  /** Refreshes each by its schedule until `signal` is aborted; resolves when the last refresh has ended. */
  run(signal: AbortSignal): Promise<void>;
}

export function createViews(options: ViewsOptions): Views {
  const { database, clock, log = silentLogger, observe = () => undefined } = options;
  const views = inOrder(options.views);

  async function refreshAll(due: readonly MaterializedView[], force: boolean): Promise<Refreshed[]> {
    const done: Refreshed[] = [];
    for (const { name } of due) {
      const refreshed = await refreshOne(name, force);
      observe(refreshed);
      done.push(refreshed);
    }
    return done;
  }

  async function refreshOne(view: string, force: boolean): Promise<Refreshed> {
    const started = clock.monotonic();
    const ended = (outcome: Refreshed["outcome"]): Refreshed => ({
      view,
      outcome,
      durationMs: clock.monotonic() - started,
    });
    try {
      return ended(await refreshIn(database, view, force));
    } catch (error) {
      log.warn({ view, error: explain(error) }, "a materialised view was not refreshed");
      return ended("failed");
    }
  }

  return {
    install: () => install(database, views),
    refresh: ({ force = false } = {}) => refreshAll(views, force),
    ages: () => database.query<ViewAge>(AGES, [views.map(({ name }) => name)]),
    run(signal) {
      const next = new Map(views.map(({ name }) => [name, clock.monotonic()]));
      return repeat(signal, async () => {
        const now = clock.monotonic();
        const due = views.filter(({ name }) => (next.get(name) as number) <= now);
        for (const { name, everySeconds } of due) next.set(name, now + everySeconds * 1000);
        await refreshAll(due, false);
        const pause = Math.min(...next.values()) - clock.monotonic();
        return Math.max(0, Math.min(pause, LONGEST_PAUSE_MS));
      });
    },
  };
}

/** A timer cannot wait for a month. */
const LONGEST_PAUSE_MS = 86_400_000;

const AGES = `
  SELECT name AS view, extract(epoch FROM clock_timestamp() - current_at)::double precision AS "ageSeconds",
         refresh_ms AS "refreshMs"
  FROM materialized_views WHERE name = ANY ($1)`;

/** In a session, where no time limit of requests applies. */
async function refreshIn(database: Database, view: string, force: boolean): Promise<Refreshed["outcome"]> {
  const [row] = await database.session((session) =>
    session.query<{ outcome: Refreshed["outcome"] }>("SELECT refresh_materialized_view($1, $2) AS outcome", [
      view,
      force,
    ]),
  );
  return row?.outcome ?? "failed";
}
