import type { MigrationSource } from "@rempart/database";

/** The shop as it was written first. */
export const plainShop: MigrationSource = {
  name: "shop",
  directory: new URL("../migrations/plain/", import.meta.url),
};

/** What makes it fast, on top. */
export const fastShop: MigrationSource = {
  name: "shop-fast",
  directory: new URL("../migrations/fast/", import.meta.url),
};
