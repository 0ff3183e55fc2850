/** What Fastify costs by itself. */
import Fastify from "fastify";

const app = Fastify();
const item = {
  id: 7,
  name: "A thing of small size",
  price: 1999,
  currency: "EUR",
  stock: 7,
  tags: ["one", "two", "three"],
  active: true,
};
app.get("/api/v1/items/:id", async () => item);
await app.listen({ port: 0, host: "127.0.0.1" });
process.send?.({ port: app.server.address().port });
process.on("message", () => process.send?.({ cpu: process.cpuUsage() }));
