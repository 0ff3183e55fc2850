import { qualified } from "../../sql-names.ts";
import type { Finding } from "../finding.ts";
import { recreate } from "../index-names.ts";
import type { CatalogueSnapshot, IndexFacts, IndexKey } from "../snapshot.ts";

/** Indexes that another one makes superfluous, each told once. Only what no constraint needs is ever to be dropped. */
export function redundantIndexes(snapshot: CatalogueSnapshot): Finding[] {
  const gone = new Set<IndexFacts>();
  const findings: Finding[] = [];
  for (const index of snapshot.indexes) {
    const better = snapshot.indexes.find((other) => !gone.has(other) && replaces(other, index));
    if (better === undefined) continue;
    gone.add(index);
    findings.push(finding(index, better));
  }
  return findings;
}

/** True when whatever `index` is good for, `other` is good for as well, and of two equals `other` is the one to keep. */
function replaces(other: IndexFacts, index: IndexFacts): boolean {
  if (other === index || index.needed || !index.valid || !other.valid) return false;
  if (other.schema !== index.schema || other.table !== index.table || other.method !== index.method)
    return false;
  if (other.predicate !== index.predicate || !begins(other, index)) return false;
  if (index.unique && !samePromise(other, index)) return false;
  if (!index.include.every((column) => holds(other, column))) return false;
  return !equal(other, index) || keptFirst(other, index);
}

function begins(other: IndexFacts, index: IndexFacts): boolean {
  if (other.keys.length !== index.keys.length && index.method !== "btree") return false;
  return (
    index.keys.length <= other.keys.length &&
    (sameOrder(other, index, false) || sameOrder(other, index, true))
  );
}

/** A B-tree is read backwards as well: the same order with every direction turned round is the same index. */
function sameOrder(other: IndexFacts, index: IndexFacts, backwards: boolean): boolean {
  if (backwards && index.method !== "btree") return false;
  return index.keys.every((key, at) => {
    const counterpart = other.keys[at];
    return counterpart !== undefined && sameKey(key, counterpart) && turned(key, counterpart) === backwards;
  });
}

function sameKey(a: IndexKey, b: IndexKey): boolean {
  return a.sql === b.sql && a.operatorClass === b.operatorClass && a.collation === b.collation;
}

/** Null: neither the same direction nor its opposite. */
function turned(a: IndexKey, b: IndexKey): boolean | null {
  if (a.descending === b.descending) return a.nullsFirst === b.nullsFirst ? false : null;
  return a.nullsFirst === b.nullsFirst ? null : true;
}

/** What is unique by fewer columns is a stronger promise: only the same columns keep it. */
function samePromise(other: IndexFacts, index: IndexFacts): boolean {
  return (
    other.unique &&
    other.keys.length === index.keys.length &&
    other.nullsNotDistinct === index.nullsNotDistinct
  );
}

function holds(index: IndexFacts, column: string): boolean {
  return index.include.includes(column) || index.keys.some((key) => key.column === column);
}

function equal(a: IndexFacts, b: IndexFacts): boolean {
  return (
    a.keys.length === b.keys.length &&
    a.unique === b.unique &&
    a.include.length === b.include.length &&
    a.include.every((column) => b.include.includes(column))
  );
}

function keptFirst(other: IndexFacts, index: IndexFacts): boolean {
  if (other.needed !== index.needed) return other.needed;
  return other.scans === index.scans ? other.name < index.name : other.scans > index.scans;
}

function finding(index: IndexFacts, better: IndexFacts): Finding {
  const duplicate =
    index.keys.length === better.keys.length && index.include.length === better.include.length;
  return {
    code: duplicate ? "index-duplicate" : "index-covered",
    severity: duplicate ? "warning" : "notice",
    object: qualified(index),
    explanation: duplicate
      ? `${qualified(better)} orders the same rows by the same keys: each write pays for both.`
      : `${qualified(better)} begins with the same keys and holds the same columns: it answers whatever this one answers.`,
    fix: [`DROP INDEX CONCURRENTLY IF EXISTS ${qualified(index)}`],
    undo: [recreate(index.definition)],
    appliable: true,
  };
}
