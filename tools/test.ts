/**
 * `npm test`: every test of the repository, or those whose path contains one of the arguments.
 *
 * One PostgreSQL serves them all. What boots an application (below `test/` or `e2e/` of an app) runs
 * after the others, one file at a time. The last line is `N passed, N failed, N skipped`. The exit code is 1 when anything failed, a
 * file crashed, or no test was found: silence is not success.
 */
import { main } from "./test/main.ts";

process.exitCode = await main(process.argv.slice(2));
