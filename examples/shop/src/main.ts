/** `node src/main.ts`: the shop on Node, with an embedded PostgreSQL unless DATABASE_URL names another. */
import { main, run, silentLogger } from "@rempart/runtime";
import { readShopConfig } from "./config.ts";
import { shopComponent } from "./shop.ts";

await main(
  async ({ signal }) => {
    const config = readShopConfig(process.env);
    const started = (url: string) => console.log(`The shop serves at ${url}/api/dashboard`);
    await run({ components: [shopComponent({ config, started })], signal, log: silentLogger });
  },
  { log: silentLogger },
);
