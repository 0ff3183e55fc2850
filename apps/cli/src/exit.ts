import { explain, hasCode } from "@rempart/kernel";

/** `EX_CONFIG` of sysexits.h: starting again will not help until somebody changes the configuration. */
export const EXIT_CONFIGURATION = 78;

/** Runs `read`; wrong configuration is told in its own words and ends the command with 78. Null then. */
export function configured<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (!hasCode(error, "invalid-configuration")) throw error;
    process.stderr.write(`${explain(error)}\n`);
    process.exitCode = EXIT_CONFIGURATION;
    return null;
  }
}
