import type { Queryable } from "@rempart/database";

export interface Search {
  /** Words that must all be in the name or the description. */
  readonly words: readonly string[];
  readonly categoryId: number;
  readonly minCents: number;
  readonly maxCents: number;
  readonly limit: number;
}

export interface FoundProduct {
  readonly id: number;
  readonly sku: string;
  readonly name: string;
  readonly priceCents: number;
}

/** Sales that were not cancelled, of the day and the thirty days before the newest order. Days are those of UTC. */
export interface Dashboard {
  readonly newestOrderAt: Date;
  readonly ordersDay: number;
  readonly revenueDayCents: number;
  readonly ordersMonth: number;
  readonly revenueMonthCents: number;
  readonly customersMonth: number;
  readonly days: readonly { readonly day: string; readonly units: number; readonly revenueCents: number }[];
  readonly categories: readonly { readonly category: string; readonly revenueCents: number }[];
  /** The ten best of the hour of the newest order. */
  readonly best: readonly { readonly productId: number; readonly name: string; readonly units: number }[];
}

export interface Shelf {
  readonly warehouseId: number;
  readonly categoryId: number;
  readonly limit: number;
}

export interface StockLine {
  readonly productId: number;
  readonly sku: string;
  readonly name: string;
  readonly stock: number;
}

/** The three questions that the shop asks most. Both ways of answering give the same. */
export interface ShopQueries {
  /** The cheapest first. */
  search(database: Queryable, search: Search): Promise<FoundProduct[]>;
  dashboard(database: Queryable): Promise<Dashboard>;
  /** What there is least of first. */
  inventory(database: Queryable, shelf: Shelf): Promise<StockLine[]>;
}
