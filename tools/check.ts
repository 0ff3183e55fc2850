/**
 * `npm run check`: everything about the repository that a machine can judge without running the product. With arguments,
 * only the checks of these names. Each check says in its first lines why it exists, and has a test that sees it fail.
 */
import { main } from "./check/main.ts";

process.exitCode = await main(process.argv.slice(2));
