import {
  createViews,
  type Database,
  type MigrationSource,
  migrate,
  type Refreshed,
  type Views,
  viewMigrations,
} from "@rempart/database";
import { systemClock } from "@rempart/kernel";
import { SALES_VIEWS } from "./sales-views.ts";

/** The shop as it was written first. */
export const plainShop: MigrationSource = {
  name: "shop",
  directory: new URL("../migrations/plain/", import.meta.url),
};

const fastShop: MigrationSource = {
  name: "shop-fast",
  directory: new URL("../migrations/fast/", import.meta.url),
};

/** What makes it fast, on top: indexes, stock levels, and views. */
export async function makeFast(
  database: Database,
  observe: (refreshed: Refreshed) => void = () => undefined,
): Promise<Views> {
  await migrate(database, [plainShop, fastShop, viewMigrations]);
  const views = createViews({ database, views: SALES_VIEWS, clock: systemClock, observe });
  await views.install();
  return views;
}
