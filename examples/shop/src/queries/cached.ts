import type { Cache } from "@rempart/database";
import type { Dashboard, ShopQueries, StockLine } from "./queries.ts";

/** Everything that shows a warehouse's stock. */
export const stockTag = (warehouseId: number): string => `stock:${warehouseId}`;

/**
 * Answers that many ask for within seconds, asked for once. A shelf is shown anew when an order took something from its
 * warehouse; the searches are too different to be worth keeping.
 */
export function cachedQueries(queries: ShopQueries, cache: Cache, ttlMs: number): ShopQueries {
  return {
    search: queries.search,
    async dashboard(database) {
      const keep = { ttlMs, staleMs: 10 * ttlMs };
      const kept = await cache.through<KeptDashboard>("dashboard", keep, async () => {
        const { newestOrderAt, ...sums } = await queries.dashboard(database);
        return { ...sums, newestOrderAt: newestOrderAt.getTime() };
      });
      return { ...kept, newestOrderAt: new Date(kept.newestOrderAt) };
    },
    inventory(database, shelf) {
      const { warehouseId, categoryId, limit } = shelf;
      const keep = { ttlMs, tags: [stockTag(warehouseId)] };
      return cache.through<StockLine[]>(`shelf:${warehouseId}:${categoryId}:${limit}`, keep, () =>
        queries.inventory(database, shelf),
      );
    },
  };
}

type KeptDashboard = Omit<Dashboard, "newestOrderAt"> & { readonly newestOrderAt: number };
