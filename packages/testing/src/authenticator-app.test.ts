import assert from "node:assert/strict";
import { test } from "node:test";
import { totpCode } from "./authenticator-app.ts";

/** RFC 6238, appendix B, for SHA-1: the last six of its eight digits. */
const SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
const CODES = [
  [59, "287082"],
  [1_111_111_109, "081804"],
  [1_234_567_890, "005924"],
  [20_000_000_000, "353130"],
] as const;

test("the codes of the standard's appendix", () => {
  for (const [seconds, code] of CODES) assert.equal(totpCode(SECRET, seconds * 1000), code);
});
