/** Something the person at the keyboard can act on: shown as it is, without a stack. */
export class SetupError extends Error {
  constructor(message, exitCode = 1) {
    super(message);
    this.name = "SetupError";
    this.exitCode = exitCode;
  }
}

/** @type {readonly (readonly [RegExp, string])[]} */
const REASONS = [
  [/ENOSPC|no space left/i, "The disk is full. Free about 1 GB and try again."],
  [
    /EACCES|EPERM|EROFS/,
    "Files here belong to another user or are read-only. Give the folder (node_modules above all) to the user who runs this, and try again.",
  ],
  [
    /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ERR_SOCKET_TIMEOUT/,
    "The package registry could not be reached. Check the network, the proxy settings and `npm config get registry`, and try again.",
  ],
  [
    /EINTEGRITY/,
    "A package differs from what package-lock.json recorded. Run `npm cache verify`; if it persists, do not trust the registry in use.",
  ],
  [
    /E404|ETARGET/,
    "The package registry in use lacks a package of the exact version needed. Check `npm config get registry`.",
  ],
];

/**
 * One line on what went wrong for the error codes npm and Node print, or null for one we do not know.
 * @param {string} output
 * @returns {string | null}
 */
export function reasonFor(output) {
  const found = REASONS.find(([pattern]) => pattern.test(output));
  return found === undefined ? null : found[1];
}

/** The end of a tool's own words, enough to act on: no stack, no advice to read a log. */
export function lastLines(output, count = 12) {
  const lines = output.split("\n").filter((line) => !NOISE.test(line));
  return lines.slice(-count).join("\n");
}

const NOISE =
  /^\s*(npm error)?\s*$|^\s*(npm error)?\s+at |complete log of this run|^npm error [{}]|npm error\s+(errno|syscall|type):/i;
