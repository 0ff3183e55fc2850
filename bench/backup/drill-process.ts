/** The drill of the bench, in a process of its own. */
import { answerDrill } from "@rempart/database/backup";
import { drillHere } from "./drill.ts";

const { BENCH_SCRATCH: scratch = "", BENCH_URL: url = "", BENCH_ROWS: rows } = process.env;
await answerDrill((asked) => drillHere({ scratch, url, rows: Number(rows) }, asked));
