/**
 * Comments and everything quoted (PostgreSQL 18 documentation, 4.1: lexical structure): what is inside is no statement. A
 * comment nested in a comment ends the outer one early, which can only make a word look like a statement.
 */
const NOT_STATEMENTS =
  /--[^\n]*|\/\*[\s\S]*?\*\/|[eE]'(?:[^'\\]|\\[\s\S]|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$([A-Za-z_]\w*)?\$[\s\S]*?\$\1\$/g;

/** `END` is missing on purpose: it also closes the body of a function in SQL (`BEGIN ATOMIC … END`). */
const CONTROL =
  /^(?:BEGIN|START\s+TRANSACTION|COMMIT|ROLLBACK(?!\s+(?:WORK\s+|TRANSACTION\s+)?TO\b)|ABORT|PREPARE\s+TRANSACTION)\b/i;

/** The first statement that would begin or end a transaction, in capitals; undefined when there is none. */
export function transactionControl(sql: string): string | undefined {
  for (const statement of sql.replace(NOT_STATEMENTS, " ").split(";")) {
    const found = CONTROL.exec(statement.trim())?.[0];
    if (found !== undefined) return found.toUpperCase().replace(/\s+/g, " ");
  }
  return undefined;
}
