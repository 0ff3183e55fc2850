import { altered } from "../sealed/objects.ts";

/** What was erased. Nothing of it may be personal: the ledger outlives the person's data. */
export interface Erasure {
  readonly id: string;
  /** In the application's words, such as `account.erased`. */
  readonly kind: string;
  /** An id that means nothing outside of the application's tables. */
  readonly subject: string;
  /** Unix milliseconds. */
  readonly at: number;
}

/** Most erasures of one page. */
export const PAGE_ERASURES = 500;
export const MAX_PAGE_BYTES = 1_048_576;

const FOLDER = "erasures/";
const DIGITS = 12;
const NAME = /^erasures\/(\d{12})$/;

export const PAGES = FOLDER;
export const HEAD = "erasures/head";
export const MAX_HEAD_BYTES = 1_024;

export function pageName(number: number): string {
  return FOLDER + String(number).padStart(DIGITS, "0");
}

/** Null for what is no page. */
export function pageNumber(name: string): number | null {
  const digits = NAME.exec(name)?.[1];
  return digits === undefined || Number(digits) === 0 ? null : Number(digits);
}

export function encodePage(erasures: readonly Erasure[]): Buffer {
  return Buffer.from(JSON.stringify({ format: 1, erasures }));
}

/** Throws `object-altered`. */
export function decodePage(bytes: Uint8Array, name: string): readonly Erasure[] {
  const page = readJson(bytes);
  if (!isRecord(page) || page.format !== 1 || !isErasures(page.erasures))
    throw altered(name, "it is no page of the erasure ledger");
  return page.erasures;
}

export function encodeHead(pages: number): Buffer {
  return Buffer.from(JSON.stringify({ format: 1, pages }));
}

/** How many pages there were at least. Throws `object-altered`. */
export function decodeHead(bytes: Uint8Array): number {
  const head = readJson(bytes);
  if (!isRecord(head) || head.format !== 1 || !isCount(head.pages))
    throw altered(HEAD, "it does not say how many pages there are");
  return head.pages;
}

function readJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString());
  } catch {
    return null;
  }
}

function isErasures(value: unknown): value is Erasure[] {
  return Array.isArray(value) && value.length <= PAGE_ERASURES && value.every(isErasure);
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function isErasure(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const { id, kind, subject, at } = value;
  return isText(id, 36) && UUID.test(id) && isText(kind, 64) && isText(subject, 256) && isCount(at);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function isText(value: unknown, longest: number): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= longest;
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
