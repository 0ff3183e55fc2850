/** Prints the README's table of detection rates. */
import {
  attacks,
  falsePositives,
  heldOutAttacks,
  heldOutEveryday,
  loud,
  missed,
  ratesTable,
} from "./corpus.ts";

process.stdout.write(`${ratesTable()}\n`);
if (process.argv.includes("--misses")) {
  for (const { family, text } of missed([...attacks, ...heldOutAttacks]))
    process.stdout.write(`missed ${family} ${text}\n`);
  for (const text of [...falsePositives(), ...loud(heldOutEveryday)]) process.stdout.write(`wrong ${text}\n`);
}
