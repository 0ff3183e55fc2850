/** Prints the README's table of detection rates. */
import { assess, attacks, falsePositives, ratesTable, THRESHOLD } from "./corpus.ts";

process.stdout.write(`${ratesTable()}\n`);
if (process.argv.includes("--misses")) {
  for (const attack of attacks)
    if (assess(attack).score < THRESHOLD) process.stdout.write(`missed ${attack.family} ${attack.text}\n`);
  for (const text of falsePositives()) process.stdout.write(`wrong ${text}\n`);
}
