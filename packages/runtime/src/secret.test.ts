import assert from "node:assert/strict";
import { test } from "node:test";
import { format, inspect } from "node:util";
import { Secret } from "./secret.ts";

test("a secret shows itself to reveal() alone", () => {
  const secret = new Secret("hunter2-hunter2");
  const nested = { list: [secret], map: new Map([["key", secret]]) };
  const printed = [
    String(secret),
    `${secret}`,
    JSON.stringify(nested),
    inspect(nested, { depth: 9, showHidden: true }),
    format("%s %o %O %j %d", secret, secret, secret, secret, secret),
    Object.entries(secret).join(),
    JSON.stringify(structuredClone({ ...secret })),
  ];
  for (const text of printed) assert.ok(!text.includes("hunter2"), text);
  assert.equal(secret.reveal(), "hunter2-hunter2");
});
