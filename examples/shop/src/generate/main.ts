/** `DATABASE_URL=… node src/generate/main.ts [small|large] [plain|fast]`: fills an empty database. */
import { createDatabase, migrate } from "@rempart/database";
import { makeFast, plainShop } from "../migrations.ts";
import { generate, LARGE, SMALL } from "./generate.ts";

const [size = "small", schema = "fast"] = process.argv.slice(2);
const url = process.env.DATABASE_URL;
if (url === undefined || !["small", "large"].includes(size) || !["plain", "fast"].includes(schema)) {
  console.error("usage: DATABASE_URL=… node src/generate/main.ts [small|large] [plain|fast]");
  process.exit(64);
}
const database = createDatabase({ url });
try {
  await migrate(database, [plainShop]);
  await generate(database, { size: size === "large" ? LARGE : SMALL, progress: (step) => console.log(step) });
  if (schema === "fast") await makeFast(database);
} finally {
  await database.close();
}
