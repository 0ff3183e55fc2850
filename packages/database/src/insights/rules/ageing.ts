import { qualified, quoted } from "../../sql-names.ts";
import type { Finding } from "../finding.ts";
import type { CatalogueSnapshot, DatabaseFacts, SequenceFacts, TableFacts } from "../snapshot.ts";

const SEQUENCE_NOTICE = 0.5;
const SEQUENCE_CRITICAL = 0.8;

/** Numbers that run out: an insert fails at the first one beyond the column or the sequence. */
export function exhaustedSequences({ sequences }: CatalogueSnapshot): Finding[] {
  return sequences.filter(({ used }) => used >= SEQUENCE_NOTICE).map(sequenceFinding);
}

function sequenceFinding(sequence: SequenceFacts): Finding {
  const { owner, used } = sequence;
  const widen = `ALTER SEQUENCE ${qualified(sequence)} AS bigint`;
  const column =
    owner === null
      ? []
      : [
          `ALTER TABLE ${qualified({ schema: sequence.schema, name: owner.table })} ALTER COLUMN ${quoted(owner.column)} TYPE bigint`,
        ];
  return {
    code: "sequence-exhaustion",
    severity: used >= SEQUENCE_CRITICAL ? "critical" : "warning",
    object: qualified(sequence),
    explanation: `${Math.round(used * 100)} % of its numbers are given out. Widening the column writes the whole table anew and locks it meanwhile.`,
    fix: [...column, widen],
    undo: [],
    appliable: false,
  };
}

/** The server refuses writes about three million transactions before 2^31. */
const AGE_CRITICAL = 1_500_000_000;
const AGE_WARNING = 1_000_000_000;

/** How near each database is to the age at which the server refuses to write, and which of our tables make it so. */
export function oldTransactions(snapshot: CatalogueSnapshot): Finding[] {
  return snapshot.databases.flatMap((database) => {
    const age = Math.max(database.transactionAge, database.multixactAge);
    return age < AGE_WARNING ? [] : [ageFinding(database, age, snapshot.tables)];
  });
}

const MOST_TABLES = 5;

function oldest(tables: readonly TableFacts[]): TableFacts[] {
  return tables.toSorted((a, b) => b.transactionAge - a.transactionAge).slice(0, MOST_TABLES);
}

/** Another database's tables are mended by whoever connects to it. */
function ageFinding({ name, here }: DatabaseFacts, age: number, tables: readonly TableFacts[]): Finding {
  return {
    code: "transaction-id-age",
    severity: age >= AGE_CRITICAL ? "critical" : "warning",
    object: quoted(name),
    explanation: `Its oldest row is ${age} transactions old; at 2,147,483,648 the server refuses to write. Look for a transaction, a prepared one or a replication slot that holds cleaning up.`,
    fix: here
      ? oldest(tables).map((table) => `VACUUM (FREEZE) ${qualified(table)}`)
      : [`\\connect ${quoted(name)}`, "VACUUM (FREEZE)"],
    undo: [],
    appliable: here,
  };
}
