import { join } from "node:path";
import { engineContract } from "./engine-contract.ts";
import { backedUpServer } from "./kit.ts";

engineContract("built-in", async () => {
  const server = await backedUpServer();
  return {
    ...server,
    scratch: join(server.scratch, "places"),
    unseen: [],
  };
});
