/**
 * `npm test`: every test of the repository, or those whose path contains one of the arguments.
 *
 * One PostgreSQL serves them all, and as many files run together as there are cores. Without arguments, one or two files that
 * failed are run again alone at the end: docs/decisions/0018 says why. The last line is `N passed, N failed, N skipped`. The
 * exit code is 1 when anything failed, a file crashed, or no test was found: silence is not success.
 */
import { main } from "./test/main.ts";

process.exitCode = await main(process.argv.slice(2));
