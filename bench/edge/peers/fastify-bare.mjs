/** What Fastify costs by itself. */
import Fastify from "fastify";
import { announce, item } from "./shared.mjs";

const app = Fastify();
app.get("/api/v1/items/:id", async () => item);
await app.listen({ port: 0, host: "127.0.0.1" });
announce(app.server);
