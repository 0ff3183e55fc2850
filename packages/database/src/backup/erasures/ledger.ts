/**
 * The erasure ledger: pages in the repository, numbered without a gap, each written once and sealed for its number. Nothing
 * removes them: they are small, and must outlive the oldest backup that holds whom they are about.
 */
import { hasCode } from "@rempart/kernel";
import { once, putSealed, readSealed, type Vault } from "../sealed/objects.ts";
import {
  decodeHead,
  decodePage,
  type Erasure,
  encodeHead,
  encodePage,
  HEAD,
  MAX_HEAD_BYTES,
  MAX_PAGE_BYTES,
  PAGES,
  pageName,
  pageNumber,
} from "./page.ts";

/** The number of the page, which is durable then; greater than `after`. Of two writers at once each gets a number of its own. */
export async function appendErasures(
  vault: Vault,
  erasures: readonly Erasure[],
  after: number,
): Promise<number> {
  const page = encodePage(erasures);
  let number = after + 1;
  while (!(await isWritten(vault, number, page))) number += 1;
  // A page that goes missing at the end leaves no gap: the head says that there was one.
  await putSealed(vault, HEAD, once(encodeHead(number)));
  return number;
}

/** False where another page stands already. */
async function isWritten(vault: Vault, number: number, page: Uint8Array): Promise<boolean> {
  try {
    await putSealed(vault, pageName(number), once(page), { ifAbsent: true });
    return true;
  } catch (error) {
    if (hasCode(error, "object-exists")) return false;
    throw error;
  }
}

export interface LedgerPages {
  /** In order; of those after the one asked for. */
  readonly present: readonly number[];
  /** Numbers of pages that were written and are not there. */
  readonly missing: readonly number[];
}

const LISTED = 1_000;

/** `known`: there were at least so many. Of the missing the first thousand. */
export async function surveyLedger(vault: Vault, known: number): Promise<LedgerPages> {
  const present: number[] = [];
  for await (const { name } of vault.repository.list(PAGES)) {
    const number = pageNumber(name);
    if (number !== null) present.push(number);
  }
  const last = Math.max(known, await readHead(vault), present.at(-1) ?? 0);
  const there = new Set(present);
  const missing: number[] = [];
  for (let number = 1; number <= last && missing.length < LISTED; number += 1)
    if (!there.has(number)) missing.push(number);
  return { present, missing };
}

async function readHead(vault: Vault): Promise<number> {
  try {
    return decodeHead(await readSealed(vault, HEAD, MAX_HEAD_BYTES));
  } catch (error) {
    if (hasCode(error, "object-missing")) return 0;
    throw error;
  }
}

/** Throws `object-missing`, `object-altered` or `wrong-key`. */
export async function readErasures(vault: Vault, number: number): Promise<readonly Erasure[]> {
  const name = pageName(number);
  return decodePage(await readSealed(vault, name, MAX_PAGE_BYTES), name);
}
