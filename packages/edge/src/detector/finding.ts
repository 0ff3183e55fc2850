export type AttackFamily =
  | "sql"
  | "nosql"
  | "xss"
  | "path-traversal"
  | "command"
  | "template"
  | "scanner"
  | "credential-stuffing"
  | "forced-browsing";

/** One thing that is unusual. Scores add up, the highest of each family. */
export interface Finding {
  readonly family: AttackFamily;
  /** 5 is an attack by itself, 3 is unusual, 2 is worth a note beside others. */
  readonly score: number;
  /** Fixed text, fit for a label. */
  readonly reason: string;
}

export const ATTACK = 5;
export const UNUSUAL = 3;
export const NOTE = 2;

export function isWord(code: number): boolean {
  return (
    (code >= 97 && code <= 122) || (code >= 48 && code <= 57) || code === 95 || code === 36 || code > 127
  );
}

export function isSpace(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13) || code === 160;
}
